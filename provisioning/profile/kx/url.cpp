// SPDX-License-Identifier: MIT
// Takes a URL apart as the guide does: scheme, login, host, port, path.
#include "provisioning/profile/kx/url.hpp"

#include "provisioning/base/net.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace profile::kx {
namespace {

constexpr std::size_t longest_login_part = 127;    // user, password: guide §5.4.5
constexpr std::size_t longest_without_login = 244; // guide §5.4.5

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> macros{{
    {"{mac}", "0080f0123456"},
    {"{MAC}", "0080F0123456"},
    {"{MODEL}", "KX-UT670"},
    {"{fwver}", "01.070"},
}};

struct Url {
    std::string_view scheme;
    std::string_view login; ///< without @
    bool has_login = false;
    std::string_view host;
    std::string_view port;
    bool has_port = false;
    std::string_view path;    ///< with its slash
    std::size_t login_at = 0; ///< offset in the text
    std::size_t host_at = 0;
    std::size_t without_login = 0; ///< length of all but "login@"
};

/// Nothing when there is no scheme.
std::optional<Url> read_url(std::string_view text) {
    const auto sign = text.find("://");
    if (sign == std::string_view::npos || sign == 0) {
        return std::nullopt;
    }
    Url out;
    out.scheme = text.substr(0, sign);
    out.login_at = sign + 3;
    std::string_view rest = text.substr(out.login_at);
    const auto slash = std::min(rest.find('/'), rest.size());
    out.path = rest.substr(slash);
    rest = rest.substr(0, slash);
    if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
        out.has_login = true;
        out.login = rest.substr(0, at);
        rest.remove_prefix(at + 1);
    }
    out.host_at = out.login_at + (out.has_login ? out.login.size() + 1 : 0);
    const auto colon = rest.substr(0, 1) == "[" ? rest.find(':', rest.find(']')) : rest.rfind(':');
    out.host = rest.substr(0, colon);
    if (colon != std::string_view::npos) {
        out.has_port = true;
        out.port = rest.substr(colon + 1);
    }
    out.without_login = text.size() - (out.has_login ? out.login.size() + 1 : 0);
    return out;
}

class Check {
  public:
    /// `text` is the end of the value; `fault` is how bad it is to be no URL.
    Check(const Parameter& row,
          const Spot& spot,
          std::string_view text,
          Severity fault,
          Report& report)
        : row_(row), spot_(spot), text_(text), fault_(fault), report_(report) {}

    void run() {
        const auto url = read_url(text_);
        if (!url) {
            return error(0, "must start with a scheme, as in http://192.0.2.10/file.cfg");
        }
        check_scheme(*url);
        check_login(*url);
        check_host(*url);
        check_lengths(*url);
        check_characters();
    }

    /// The guide says no more of it than that it is one.
    void run_picture() {
        const auto url = read_url(text_);
        const auto is_letter = [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        };
        if (!url || !std::all_of(url->scheme.begin(), url->scheme.end(), is_letter)) {
            return error(0, "not the address of a picture, as http://192.0.2.10/logo.png");
        }
        check_host(*url);
        check_characters();
    }

  private:
    void add(Severity severity, std::size_t at, std::string what) {
        Spot where = spot_;
        at += spot_.value.size() - text_.size();
        where.column += std::min(at, spot_.value.size()); // ASCII, or V07 came first
        report_.add(severity, "R-URL", where, std::move(what), row_.section);
    }

    void error(std::size_t at, std::string what) { add(fault_, at, std::move(what)); }

    void warn(std::size_t at, std::string what) { add(Severity::warning, at, std::move(what)); }

    void check_scheme(const Url& url) {
        const std::string scheme = base::lower(url.scheme); // RFC 1738 2.1: case does not count
        const auto is = [&](std::string_view one) { return one == scheme; };
        if (std::any_of(row_.schemes.begin(), row_.schemes.end(), is)) {
            return;
        }
        constexpr std::array<std::string_view, 4> usual{"http", "https", "ftp", "tftp"};
        const bool is_usual = std::any_of(usual.begin(), usual.end(), is);
        if (row_.schemes.empty() && is_usual) {
            return; // the guide names none for the certificate
        }
        if (scheme == "https") {
            return warn(0, "the guide does not say that https works here; use http");
        }
        error(0,
              fmt::format("must be one of {}",
                          row_.schemes.empty() ? "http, https, ftp and tftp"
                                               : fmt::format("{}", fmt::join(row_.schemes, ", "))));
    }

    void check_login(const Url& url) {
        if (!url.has_login) {
            return;
        }
        const auto colon = std::min(url.login.find(':'), url.login.size());
        const std::size_t password = url.login.size() - std::min(colon + 1, url.login.size());
        if (colon > longest_login_part || password > longest_login_part) {
            return error(url.login_at,
                         fmt::format("user and password may have {} characters each, and have {} "
                                     "and {}",
                                     longest_login_part, colon, password));
        }
        if (colon == url.login.size()) {
            warn(url.login_at, "has a user without a password, of which the guide says nothing");
        } else if (url.login.find_first_of("@:%", colon + 1) != std::string_view::npos ||
                   url.login.substr(0, colon).find_first_of("@%") != std::string_view::npos) {
            warn(url.login_at, "has @, : or % within user or password, of which the guide says "
                               "nothing");
        }
    }

    void check_host(const Url& url) {
        if (url.host.empty()) {
            return error(url.host_at, "names no host");
        }
        if (url.host[0] == '[') {
            return warn(url.host_at, "has an IPv6 address, of which the guide says nothing");
        }
        const std::string host = with_macros(url.host);
        const bool is_name = std::all_of(host.begin(), host.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '.' || c == '-' || c == '_' || c == '{' || c == '}';
        });
        if (!is_name) {
            error(url.host_at, "the host must be a name or an IP address");
        } else if (host.find_first_not_of("0123456789.") == std::string::npos &&
                   !base::Ipv4::parse(host)) {
            error(url.host_at, "no IP address; one has four numbers of 0 to 255");
        }
        const auto port = base::parse_number(url.port);
        if (url.has_port && (!port || *port < 1 || *port > 65535)) {
            error(url.host_at + url.host.size() + 1, "the port must be 1 to 65535");
        }
    }

    /// Whether the limit holds before or after the phone filled in is not stated.
    void check_lengths(const Url& url) {
        if (url.without_login > longest_without_login) {
            return error(0, fmt::format("has {} characters without user and password, and may have "
                                        "{}",
                                        url.without_login, longest_without_login));
        }
        if (!row_.takes_macros) {
            return;
        }
        std::string filled = with_macros(text_);
        if (filled.back() == '/') {
            filled += with_macros(row_.slash);
        }
        const std::size_t without = filled.size() - (text_.size() - url.without_login);
        if (without > longest_without_login) {
            warn(0, fmt::format("has {} characters without user and password once the phone filled "
                                "it in, and {} may be the limit then too",
                                without, longest_without_login));
        }
    }

    void check_characters() {
        if (const auto bad = text_.find_first_of(" <>\"\\^|`"); bad != std::string_view::npos) {
            return error(bad, "has a character that no URL may hold (RFC 1738 2.2)");
        }
        if (const auto sign = text_.find('#'); sign != std::string_view::npos) {
            warn(sign, "what stands behind # is not asked for (RFC 1738 2.2)");
        }
        if (!row_.takes_macros) {
            if (const auto brace = text_.find_first_of("{}"); brace != std::string_view::npos) {
                warn(brace, "the phone fills nothing in here");
            }
        } else if (const auto unknown = unknown_macro(text_); unknown != std::string_view::npos) {
            warn(unknown, "not a word that the phone fills in; those are {mac}, {MAC}, {MODEL} and "
                          "{fwver}");
        }
    }

    const Parameter& row_;
    const Spot& spot_;
    std::string_view text_;
    Severity fault_;
    Report& report_;
};

} // namespace

std::string with_macros(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto is_here = [&](const auto& macro) {
            return text.substr(0, macro.first.size()) == macro.first;
        };
        const auto macro = std::find_if(macros.begin(), macros.end(), is_here);
        out += macro != macros.end() ? macro->second : text.substr(0, 1);
        text.remove_prefix(macro != macros.end() ? macro->first.size() : 1);
    }
    return out;
}

std::size_t unknown_macro(std::string_view text) noexcept {
    for (std::size_t at = text.find_first_of("{}"); at != std::string_view::npos;
         at = text.find_first_of("{}", at)) {
        const std::string_view rest = text.substr(at);
        const auto macro = std::find_if(macros.begin(), macros.end(), [&](const auto& one) {
            return rest.substr(0, one.first.size()) == one.first;
        });
        if (macro == macros.end()) {
            return at;
        }
        at += macro->first.size();
    }
    return std::string_view::npos;
}

void check_url(const Parameter& row, const Spot& spot, Report& report) {
    Check(row, spot, spot.value, Severity::error, report).run();
}

void check_picture(const Parameter& row, const Spot& spot, Report& report) {
    std::string_view text = spot.value;
    for (const std::string_view prefix : row.prefixes) {
        if (text.substr(0, prefix.size()) == prefix) {
            text.remove_prefix(prefix.size());
            break;
        }
    }
    Check(row, spot, text, Severity::warning, report).run_picture();
}

} // namespace profile::kx
