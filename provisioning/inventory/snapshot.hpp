// SPDX-License-Identifier: MIT
// The inventory as readers see it: immutable, shared, and never the database.
#pragma once

#include "provisioning/base/crypto.hpp"
#include "provisioning/base/shard_map.hpp"
#include "provisioning/inventory/device.hpp"
#include "provisioning/inventory/pool.hpp"

#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace inventory {

/// A token is known by its SHA-256 only.
struct DigestHash {
    std::size_t operator()(const base::Digest256& digest) const noexcept {
        std::size_t value = 0;
        std::memcpy(&value, digest.data(), sizeof value);
        return value;
    }
};

struct Credential {
    base::Mac mac;
    bool steady = false;          ///< derived; else a first token
    base::UnixMs expires = 0;     ///< of a first token
    std::uint32_t generation = 0; ///< of a steady token
};

class Snapshot {
  public:
    const Device* device(base::Mac mac) const;
    const Extension* extension(const std::string& number) const;
    /// The credential behind a token as a client wrote it; expiry is not looked at here.
    std::optional<Credential> credential(std::string_view token) const;
    /// Whose token this was, as long as it is remembered: spent, expired or rotated away. For the
    /// timeline only; it opens nothing.
    std::optional<base::Mac> former_holder(std::string_view token) const;
    /// How many first tokens each device has that end after `now`.
    std::unordered_map<base::Mac, std::size_t> first_tokens(base::UnixMs now) const;
    std::vector<const Device*> devices() const;       ///< by MAC
    std::vector<const Extension*> extensions() const; ///< by number
    /// Those who have `number` on a line, by MAC.
    std::vector<base::Mac> holders(const std::string& number) const;

    /// Of a number that was on a phone and is on none; null: it was on none that is remembered.
    const Release* release(const std::string& number) const { return releases_.find(number); }

    /// Those that have not been closed; whether one has ended is for the caller to see.
    const std::vector<Enrolment>& enrolments() const noexcept { return *enrolments_; }

    /// The greatest id that one had so far: none is given twice while anybody may remember it.
    std::int64_t newest_enrolment() const noexcept { return newest_enrolment_; }

    std::size_t device_count() const noexcept { return devices_.size(); }

  private:
    friend class Inventory;

    // What is on which line is known from both ends.
    void put(std::shared_ptr<const Device> device);
    void erase(base::Mac mac);
    void holds(const std::string& number, base::Mac mac, bool does);

    base::ShardMap<base::Mac, std::shared_ptr<const Device>> devices_;
    base::ShardMap<std::string, std::shared_ptr<const Extension>> extensions_;
    base::ShardMap<std::string, std::vector<base::Mac>> holders_; ///< by MAC
    base::ShardMap<std::string, Release> releases_;
    base::ShardMap<base::Digest256, Credential, DigestHash> credentials_;
    base::ShardMap<base::Digest256, base::Mac, DigestHash> former_;
    std::shared_ptr<const std::vector<Enrolment>> enrolments_ =
        std::make_shared<const std::vector<Enrolment>>();
    std::int64_t newest_enrolment_ = 0;
};

} // namespace inventory
