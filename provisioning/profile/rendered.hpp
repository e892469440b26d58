// SPDX-License-Identifier: MIT
// Files as they were made, for phones that ask for the same ones again.
#pragma once

#include "provisioning/base/crypto.hpp"
#include "provisioning/base/secret.hpp"
#include "provisioning/profile/catalogue.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace profile {

/// Never beyond its bounds: what was not asked for the longest goes, and is wiped, since most files
/// hold passwords. A file is found by all that it is made of, so none gets old: whatever changes is
/// another key. Of one catalogue, whose templates and vendors do not change. From any thread.
class Rendered {
  public:
    using Digest = base::Digest256;

    Rendered(std::size_t most_files, std::size_t most_bytes);

    /// Of all that decides about the file of a vendor of the catalogue.
    Digest
    key(std::string_view vendor, const ChainStep& step, const Facts& facts, bool is_bare) const;
    std::optional<Made> find(const Digest& key);
    void keep(const Digest& key, std::string_view file);

    std::size_t files() const;
    std::size_t bytes() const;

  private:
    struct Entry {
        Digest key;
        Digest digest;                            ///< of the file
        std::shared_ptr<const base::Secret> file; ///< shared: unmasked without the lock
    };

    struct Hash {
        std::size_t operator()(const Digest& key) const noexcept {
            std::size_t start = 0; // a digest is as good as random
            std::memcpy(&start, key.data(), sizeof start);
            return start;
        }
    };

    const std::size_t most_files_;
    const std::size_t most_bytes_;
    std::string salt_; ///< so that no digest of a password is the same in two processes

    mutable std::mutex lock_; ///< of what follows
    std::list<Entry> order_;  ///< the last asked for first
    std::unordered_map<Digest, std::list<Entry>::iterator, Hash> places_;
    std::size_t bytes_ = 0;
};

} // namespace profile
