// SPDX-License-Identifier: MIT
// Our own extensions as FreeSWITCH asks for them: users of its directory, extensions of its dial
// plan.
#pragma once

#include "module/freeswitch/abi.hpp"
#include "module/freeswitch/configuration.hpp"
#include "module/host.h"
#include "provisioning/base/secret.hpp"

#include <map>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>

namespace freeswitch {

/// Asked for every REGISTER and every INVITE, by the threads that handle SIP: a look-up waits for
/// nothing but the copy of one extension.
class Users {
  public:
    explicit Users(const Configuration& configuration) : configuration_(configuration) {}

    void put(const pnp_extension& extension);
    void remove(std::string_view number);
    bool has(std::string_view number) const;

    /// What FreeSWITCH asks its bindings; nullptr for what is not ours. The caller frees it.
    Xml* answer(std::string_view section,
                std::string_view tag,
                std::string_view key,
                std::string_view value,
                Event* params) const;

    /// Whether FreeSWITCH never asked us for this user, and nobody was told so yet. Where it
    /// registers and we were not asked, another binding answers for it.
    bool is_news_that_nobody_asked(std::string_view number) const;

  private:
    struct User {
        std::string name;
        base::Secret password;
        std::string mac;
        std::string home;    ///< context where it is called
        std::string context; ///< context where its calls start
        bool was_asked = false;
        bool was_told = false; ///< that it was not asked for
    };

    std::optional<User> find(std::string_view number) const;
    void remember_asked(std::string_view number) const;
    std::string directory(std::string_view domain, std::string_view number, const User& user) const;
    std::string dialplan(std::string_view number, const User& user) const;

    const Configuration& configuration_;
    mutable std::shared_mutex mutex_; ///< guards what follows
    /// By number in small letters: FreeSWITCH tells no large ones from them (strcasecmp).
    mutable std::map<std::string, User, std::less<>> users_;
};

} // namespace freeswitch
