// SPDX-License-Identifier: MIT
#include "module/phone/openstage.hpp"

#include "module/phone/wpi_items.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>
#include <array>

namespace phone {

namespace {

using base::Errc;

std::string sip_user_agent(const Identity& phone, const Values&) {
    return fmt::format("{} {}", phone.model, phone.version);
}

/// The item's value, or the factory's.
std::string item(const Values& values, std::string_view name) {
    const auto* rule = find_item(name);
    return text_of(values, name, rule == nullptr ? "" : rule->factory);
}

std::string first_of(const Values& values, std::initializer_list<std::string_view> names) {
    for (const auto name : names) {
        if (auto value = item(values, name); !value.empty()) {
            return value;
        }
    }
    return {};
}

std::string host_port(const std::string& host, const std::string& port) {
    return host.empty() || port.empty() || port == "0" || port == "5060"
               ? host
               : fmt::format("{}:{}", host, port);
}

/// "4210", "4210@10.0.0.1" and "sip:4210@10.0.0.1".
std::pair<std::string, std::string> user_and_host(std::string_view uri) {
    if (base::istarts_with(uri, "sip:")) {
        uri.remove_prefix(4);
    }
    const auto at = std::min(uri.find('@'), uri.size());
    return {std::string(uri.substr(0, at)), std::string(uri.substr(std::min(at + 1, uri.size())))};
}

/// What all lines have in common, with the phone's own number.
Account main_account(const Values& values) {
    constexpr std::array<std::string_view, 3> transports{"UDP", "TCP", "TLS"};
    Account account;
    account.line = 1;
    account.user = item(values, "register-by-name") == "true"
                       ? first_of(values, {"sip-name", "e164", "sip-user-id"})
                       : first_of(values, {"e164", "sip-user-id"});
    account.login = first_of(values, {"sip-user-id"});
    if (account.login.empty()) {
        account.login = account.user;
    }
    account.password = base::Secret(text_of(values, "sip-pwd"));
    account.display_name = first_of(values, {"display-id-unicode", "display-id", "sip-name"});
    const auto registrar = item(values, "registrar-addr");
    account.server = registrar.empty()
                         ? host_port(item(values, "reg-addr"), item(values, "reg-port"))
                         : host_port(registrar, item(values, "registrar-port"));
    if (item(values, "outbound-proxy") == "true") {
        account.proxy =
            host_port(item(values, "sgnl-gateway-addr"), item(values, "sgnl-gateway-port"));
    }
    account.transport = transports.at(
        std::min<std::uint64_t>(number_of(values, "sip-transport", 0), transports.size() - 1));
    account.expires = std::max<std::uint64_t>(number_of(values, "reg-ttl", 3600), 60);
    account.local_port = static_cast<std::uint16_t>(
        std::min<std::uint64_t>(number_of(values, "phone-port", 5060), 65535));
    return account;
}

std::vector<Account> accounts(const Values& values) {
    std::vector<Account> result;
    const auto main = main_account(values);
    if (!main.user.empty() && !main.server.empty()) {
        result.push_back(main);
    }
    constexpr int most_lines = 30;
    for (int index = 1; index <= most_lines; ++index) {
        const auto of_line = [&](std::string_view name) {
            return text_of(values, fmt::format("{}/{}", name, index));
        };
        const auto [user, host] = user_and_host(of_line("line-sip-uri"));
        // The primary line is the phone's own number once more.
        if (user.empty() || user == main.user || of_line("line-primary") == "true") {
            continue;
        }
        auto account = main;
        account.line = static_cast<int>(result.size()) + 1;
        account.user = user;
        account.login = of_line("line-sip-user-id").empty() ? user : of_line("line-sip-user-id");
        account.password = base::Secret(of_line("line-sip-pwd"));
        account.display_name = of_line("line-short-desc");
        account.server = host.empty() ? main.server : host;
        account.local_port = 0; // this phone has a port for each line
        if (!account.server.empty()) {
            result.push_back(std::move(account));
        }
    }
    return result;
}

std::optional<std::string> bytes_of(std::string_view hex) {
    std::string digits;
    for (const char c : base::lower(hex)) {
        if (c != ':' && c != ' ') {
            digits += c;
        }
    }
    std::string bytes;
    if (digits.size() % 2 != 0) {
        return std::nullopt;
    }
    for (std::size_t at = 0; at < digits.size(); at += 2) {
        constexpr std::string_view alphabet = "0123456789abcdef";
        const auto high = alphabet.find(digits[at]);
        const auto low = alphabet.find(digits[at + 1]);
        if (high == std::string_view::npos || low == std::string_view::npos) {
            return std::nullopt;
        }
        bytes += static_cast<char>(high << 4U | low);
    }
    return bytes;
}

base::Result<Service> read_sdlp(std::string_view url) {
    constexpr std::string_view scheme = "sdlp://";
    if (url.substr(0, scheme.size()) != scheme || url.find('/', scheme.size()) != url.npos) {
        return base::fail(Errc::malformed,
                          "sub-option 3 is not sdlp://HOST:PORT without a slash behind it: {}",
                          base::printable(url, 80));
    }
    return read_service(url.substr(scheme.size()));
}

base::Status take_option(unsigned code, std::string_view content, Option43& option, bool& magic) {
    constexpr std::string_view word = "Siemens";
    if (code == 1) {
        magic = content.substr(0, word.size()) == word &&
                (content.size() == word.size() ||
                 content.substr(word.size()) == std::string_view("\0\0\0", 3));
        return magic ? base::Status()
                     : base::fail(Errc::malformed, "sub-option 1 is not Siemens, which it must be");
    }
    if (code == 2) {
        if (content.size() != 4) {
            return base::fail(Errc::malformed, "sub-option 2, the VLAN, has not 4 bytes");
        }
        std::uint32_t vlan = 0;
        for (const char c : content) {
            vlan = vlan << 8U | static_cast<unsigned char>(c);
        }
        option.vlan = vlan;
        return {};
    }
    if (code == 3 || (code == 4 && !option.service)) {
        auto service = code == 3 ? read_sdlp(content) : read_service(content);
        if (!service) {
            return tl::unexpected(service.error());
        }
        option.service = std::move(*service);
    }
    return {};
}

} // namespace

base::Result<Service> read_service(std::string_view text) {
    const auto colon = std::min(text.find(':'), text.size());
    Service service{std::string(text.substr(0, colon))};
    const bool plain = !service.host.empty() && service.host.size() <= 255 &&
                       service.host.find_first_not_of("abcdefghijklmnopqrstuvwxyz"
                                                      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ==
                           std::string::npos;
    if (colon < text.size()) {
        const auto port = base::parse_number(text.substr(colon + 1));
        if (!port || *port == 0 || *port > 65535) {
            return base::fail(Errc::malformed, "{}: a port is a number from 1 to 65535",
                              base::printable(text, 80));
        }
        service.port = static_cast<std::uint16_t>(*port);
    }
    if (!plain) {
        return base::fail(Errc::malformed, "{}: expected HOST or HOST:PORT",
                          base::printable(text, 80));
    }
    return service;
}

base::Result<Option43> read_option43(std::string_view hex) {
    const auto bytes = bytes_of(hex);
    if (!bytes) {
        return base::fail(Errc::malformed, "option 43: expected hex digits like 01:07:53:…");
    }
    Option43 option;
    bool has_magic = false;
    const std::string_view rest(*bytes);
    for (std::size_t at = 0; at < rest.size();) {
        const auto code = static_cast<unsigned char>(rest[at++]);
        if (code == 255) {
            break;
        }
        if (code == 0) { // padding, which older manuals want before the end
            continue;
        }
        const std::size_t length = at < rest.size() ? static_cast<unsigned char>(rest[at]) : 0;
        if (at >= rest.size() || at + 1 + length > rest.size()) {
            return base::fail(Errc::truncated, "option 43 ends inside of sub-option {}", code);
        }
        if (auto taken = take_option(code, rest.substr(at + 1, length), option, has_magic);
            !taken) {
            return tl::unexpected(taken.error());
        }
        at += 1 + length;
    }
    if (!has_magic) {
        return base::fail(Errc::malformed, "option 43 has no sub-option 1 with Siemens in it");
    }
    return option;
}

const Vendor& openstage() noexcept {
    static constexpr Vendor vendor{.name = "openstage",
                                   .title = "Unify",
                                   .model = "OpenStage 40",
                                   .version = "V3 R5.12.0",
                                   .pnp_port = 0,
                                   .sip_user_agent = sip_user_agent,
                                   .accounts = accounts,
                                   .is_workpoint = true};
    return vendor;
}

} // namespace phone
