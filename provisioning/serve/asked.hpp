// SPDX-License-Identifier: MIT
// What a request asks for: by which door, with which token, for which name.
#pragma once

#include "provisioning/base/mac.hpp"
#include "provisioning/serve/http.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace serve {

enum class Door : std::uint8_t {
    none,  ///< a path of no shape that we serve
    token, ///< /p/<token>/<name>
    boot,  ///< /boot/<vendor>/<name>, for phones that only know a server
    login, ///< /<name>, for phones that cannot keep a path: the token is the password (RFC 7617)
};

struct Asked {
    Door door = Door::none;
    std::string token;              ///< empty: none was sent
    std::string vendor;             ///< of the boot door
    std::string name;               ///< of the file
    std::optional<base::Mac> named; ///< the phone that the name speaks of
    std::optional<base::Mac> agent; ///< the phone that the User-Agent speaks of
    std::optional<base::Mac> user;  ///< who logs in
    bool has_login = false;         ///< an Authorization header was sent, of whatever kind

    /// Whom this request is about, for want of a token that says so.
    std::optional<base::Mac> claimed() const { return named ? named : user ? user : agent; }
};

Asked read_request(const Request& request);

/// The phone that a file name speaks of: twelve hex digits by themselves, as all vendors write it.
/// In "cfg001fc1000001.xml" the c, f and g before them are letters of the name, so the last twelve
/// of a longer run count.
std::optional<base::Mac> mac_in(std::string_view name);

} // namespace serve
