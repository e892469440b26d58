// SPDX-License-Identifier: MIT
#include "module/phone/account.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>
#include <array>

namespace phone {

using base::Errc;

base::Result<HostPort> read_server(std::string_view text) {
    const auto colon = std::min(text.find(':'), text.size());
    HostPort result{std::string(text.substr(0, colon))};
    if (colon < text.size()) {
        const auto port = base::parse_number(text.substr(colon + 1));
        if (!port || *port == 0 || *port > 65535) {
            return base::fail(Errc::malformed, "the server {} has no usable port",
                              base::printable(text));
        }
        result.port = static_cast<std::uint16_t>(*port);
    }
    const bool clean = std::all_of(result.host.begin(), result.host.end(), [](char c) {
        return c > ' ' && c < 127 && c != '<' && c != '>' && c != '@';
    });
    if (result.host.empty() || !clean) {
        return base::fail(Errc::malformed, "{} is no server name", base::printable(text));
    }
    return result;
}

base::Status is_usable(const Account& account) {
    if (account.user.empty()) {
        return base::fail(Errc::malformed, "line {} has no SIP user", account.line);
    }
    if (account.server.empty()) {
        return base::fail(Errc::malformed, "line {} has no SIP server", account.line);
    }
    const base::Revealed password = account.password.reveal();
    const std::array<std::string_view, 4> texts{account.user, account.login, account.display_name,
                                                password};
    for (const auto text : texts) {
        if (std::any_of(text.begin(), text.end(), [](char c) { return c >= 0 && c < ' '; })) {
            return base::fail(Errc::malformed, "line {} has a control character in its values",
                              account.line);
        }
    }
    if (auto server = read_server(account.server); !server) {
        return tl::unexpected(server.error());
    }
    if (!account.proxy.empty()) {
        if (auto proxy = read_server(account.proxy); !proxy) {
            return tl::unexpected(proxy.error());
        }
    }
    return {};
}

} // namespace phone
