// SPDX-License-Identifier: MIT
// The administrator's own users and dial plan, as they lie in FreeSWITCH's files.
#pragma once

#include "module/freeswitch/configuration.hpp"
#include "module/freeswitch/tree.hpp"
#include "module/host.h"
#include "provisioning/base/secret.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace freeswitch {

/// Whether a number stands for itself in XML, in a regular expression and in a dial string.
bool is_plain_number(std::string_view number);

/// From any thread. What was seen last stands in for what cannot be seen now: while another module
/// answers for pnp.conf, or pnp.conf.xml is gone for a moment, the users are there all the same.
class Directory {
  public:
    using Visit = std::function<void(const std::string& number, const std::string& name)>;

    explicit Directory(const Configuration& configuration) : configuration_(configuration) {}

    /// As pnp_host.find_account: 0, PNP_NONE or PNP_UNUSABLE with a sentence.
    int find(std::string_view number, pnp_account& account, std::string& why);
    /// The same by the last look.
    int find_seen(std::string_view number, pnp_account& account, std::string& why) const;

    /// Those that had something to register with at the last look.
    void each(const Visit& visit) const;

    /// Reads all of them, for what is asked next; the error says why nothing can be seen.
    base::Status look();
    /// What came of the last look.
    base::Status looked() const;

    /// The sentence that says what of the administrator's one of ours would hide, by the last look
    /// that saw something; empty: nothing is known to.
    std::optional<std::string> in_the_way(std::string_view number, std::string_view context) const;

  private:
    struct User {
        std::string number;
        std::string name;
        base::Secret password; ///< empty: it has a hash only
    };

    /// What one look saw.
    struct Sight {
        std::vector<User> users;
        /// By each name of a user, in small letters: FreeSWITCH tells no large ones from them.
        std::map<std::string, std::string, std::less<>> domains;
        /// Names of extensions by context, in small letters, and regular expression.
        std::map<std::string, std::map<std::string, std::string, std::less<>>, std::less<>>
            dialplan;
    };

    struct Known {
        std::string name;
        base::Secret password;
        bool has_hash = false; ///< beside it
    };

    static Sight read(const Configuration& configuration, const Document& document);
    std::shared_ptr<const Sight> last() const;

    const Configuration& configuration_;
    mutable std::mutex mutex_; ///< guards what follows
    std::shared_ptr<const Sight> last_;
    std::string why_blind_; ///< of the last look; empty: it saw something
    std::map<std::string, Known, std::less<>> on_phones_; ///< those that were found
};

} // namespace freeswitch
