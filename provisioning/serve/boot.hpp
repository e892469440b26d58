// SPDX-License-Identifier: MIT
// The doors without a token, /boot/<vendor>/<name> and TFTP: files without secrets of the PBX for
// phones that only know a server, and for guests.
#pragma once

#include "provisioning/base/lru.hpp"
#include "provisioning/serve/diary.hpp"
#include "provisioning/serve/gate.hpp"
#include "provisioning/serve/recipe.hpp"

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>

namespace serve {

/// What a door made of a request.
struct Outcome {
    Response response;
    bool is_miss = false;                ///< counts against its source
    std::optional<base::Mac> about = {}; ///< whose token it had, if any
    /// As late as a miss where these are answered late, or it would tell that its token is or was
    /// good.
    bool is_late = false;
};

class Boot {
  public:
    /// Where a phone is registered now.
    using Registered = std::function<std::optional<base::Ipv4>(base::Mac)>;
    /// Whether a phone that nobody approved is a guest (unknown_phone, an open enrolment).
    using MayBeGuest = std::function<bool(const inventory::Device&)>;

    static constexpr std::uint8_t most_boots = 3; ///< files since the device was approved

    Boot(inventory::Inventory& inventory,
         const base::Clock& clock,
         Diary& diary,
         Registered registered,
         MayBeGuest may_be_guest);

    /// From any thread. Blocks, because what is handed out is counted on disk before.
    Outcome
    answer(const Request& request, const Asked& asked, const Gate& gate, const FileSettings& with);

    /// By TFTP, for the vendor whose fresh phones ask for that name: one and the same file for
    /// everybody, which sends a phone to the other door. Without a connection any sender can be
    /// made up, so nothing is counted and nothing of anybody is told. `shown`: the phone that the
    /// neighbour table shows there.
    Response fresh(const Request& request,
                   const profile::Vendor& vendor,
                   std::optional<base::Mac> shown,
                   const FileSettings& with);

    /// That one, as it would be handed out by `host`.
    static base::Result<std::string> for_all(const profile::Vendor& vendor,
                                             const FileSettings& with,
                                             base::Ipv4 host,
                                             base::Ipv4 phone);

  private:
    struct Visit;

    std::optional<Refused> why_not(const Visit& visit) const;
    std::optional<Refused> no_proof(const Visit& visit) const;
    unsigned counted_boots(base::Mac mac) const;
    Outcome own_url(const Visit& visit);
    Outcome guest(const Visit& visit);
    Outcome refuse(const Visit& visit, const Refused& why);

    inventory::Inventory& inventory_;
    const base::Clock& clock_;
    Diary& diary_;
    Registered registered_;
    MayBeGuest may_be_guest_;

    std::mutex lock_; ///< of guests_
    base::Lru<base::Mac, base::Steady> guests_{10'000};
};

} // namespace serve
