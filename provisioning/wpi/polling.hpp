// SPDX-License-Identifier: MIT
// Answers phones that ask whether there is something for them: those that nobody can call.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/base/lru.hpp"
#include "provisioning/base/mac.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/result.hpp"
#include "provisioning/base/token_buckets.hpp"
#include "provisioning/serve/http.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace wpi {

/// Whether a path is that of a poll. Phones put `contact-me` behind the URL that they were given;
/// unknown whether with a slash, so with and without.
bool is_poll_path(std::string_view path) noexcept;

/// The phone in `device-id=00:1A:E8:10:20:30` (WPI guide p. 15), of a query as it was sent: colons
/// may be percent-encoded, dashes or absent, letters of any case. Parameters beside it are passed
/// over. Errc::malformed where there is none, or no MAC.
base::Result<base::Mac> polling_phone(std::string_view query);

struct PollLimits {
    double per_second = 2; ///< from one address
    double burst = 20;     ///< many phones may sit behind it
    std::size_t addresses = 4096;
    /// So often in a row 202 is said to a phone that does not call (unknown why; default 5) …
    std::uint32_t in_vain = 5;
    std::uint32_t then_every = 12; ///< … and to every so manyth poll after that
    /// No phone polls more often than this, so what comes sooner does not count: behind a NAT
    /// others have its address, and their polls in its name must not use up its answers.
    std::chrono::seconds apart{60};
    std::size_t phones = 4096; ///< whose polls in vain are counted
};

/// From any thread, as are the functions of `Reach`, which wait for nothing.
class Polling {
  public:
    struct Phone {
        bool is_pending = false; ///< a job waits that is not being worked on
        /// Its last XML message: with a new one the polls in vain count anew.
        base::UnixMs last_contact = 0;
    };

    struct Reach {
        /// Nothing for one that is not known, or not approved.
        std::function<std::optional<Phone>(base::Mac)> phone;
        /// The time of a known phone's last poll is now. A poll is anybody's word in clear text, so
        /// nothing else changes because of it.
        std::function<void(base::Mac)> polled;
        /// One that is told to call so often in a row does not. Anybody can have that said.
        std::function<void(base::Mac, base::Ipv4 source)> in_vain = {};
    };

    Polling(const base::Clock& clock, Reach reach, PollLimits limits = {});

    /// 202 where something is pending, 200 where not, without a body. A phone that we do not know
    /// gets the same as one that nothing waits for. 404 for other paths, 405 for other methods, 400
    /// without a MAC, 503 over the limits.
    serve::Response answer(const serve::Request& request);

  private:
    struct InVain {
        base::UnixMs last_contact = 0;
        std::uint32_t said = 0;   ///< 202
        std::uint32_t passed = 0; ///< polls since the last 202 of those after `in_vain`
        std::optional<base::Steady> counted = {}; ///< the last one that did
    };

    bool says_pending(base::Mac mac, base::Ipv4 source, const Phone& phone);

    const base::Clock& clock_;
    Reach reach_;
    PollLimits limits_;
    std::mutex lock_;
    base::TokenBuckets<std::uint32_t> sources_;
    /// By phone and address: a stranger's polls in a phone's name count apart from its own.
    base::Lru<std::string, InVain> in_vain_;
    base::TokenBucket complaints_{0.1, 5};
};

} // namespace wpi
