// SPDX-License-Identifier: MIT
// A strict reader of contact-me-uri, because what it lets through is where we connect to.
#include "provisioning/wpi/contact_me.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

namespace wpi {
namespace {

using base::Errc;
using base::fail;

constexpr std::string_view path = "/contact_dls.html/ContactDLS";
constexpr std::string_view body = "ContactMe=true";
constexpr std::size_t longest_uri = 255; // WPI guide p. 33

constexpr std::string_view instead =
    "its jobs wait until it comes by itself, and polling makes that soon";

/// "10.20.31.77:8085"; without a port it is that of HTTP.
std::optional<base::Endpoint> endpoint(std::string_view authority) {
    const auto colon = authority.find(':');
    const auto address = base::Ipv4::parse(authority.substr(0, colon));
    if (!address) {
        return std::nullopt;
    }
    if (colon == std::string_view::npos) {
        return base::Endpoint{*address, 80};
    }
    const auto port = base::parse_number(authority.substr(colon + 1));
    if (!port || *port > 65535) {
        return std::nullopt;
    }
    return base::Endpoint{*address, static_cast<std::uint16_t>(*port)};
}

/// One phone's, and neither a group's nor a network's.
bool is_one_host(base::Ipv4 address) {
    const auto first = address.value >> 24U;
    return first != 0 && first < 224;
}

/// White space around it comes with the XML (WPI guide p. 33).
std::string_view stripped(std::string_view text) {
    const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
    while (!text.empty() && is_space(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_space(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

} // namespace

base::Result<base::Endpoint>
contact_me_target(std::string_view uri, base::Ipv4 peer, const ContactMeRules& rules) {
    uri = stripped(uri);
    const auto shown = base::printable(uri, 80);
    if (uri.empty()) {
        return fail(Errc::not_found, "the phone did not say where it takes contact-me; {}",
                    instead);
    }
    if (base::istarts_with(uri, "https://")) {
        return fail(Errc::refused,
                    "contact-me-uri '{}' wants HTTPS, and contact-me goes by plain HTTP only; {}",
                    shown, instead);
    }
    constexpr std::string_view scheme = "http://";
    if (uri.size() > longest_uri || !base::istarts_with(uri, scheme)) {
        return fail(Errc::malformed, "contact-me-uri '{}' is no http URL of at most {} bytes; {}",
                    shown, longest_uri, instead);
    }
    uri.remove_prefix(scheme.size());
    const auto slash = std::min(uri.find('/'), uri.size());
    const auto phone = endpoint(uri.substr(0, slash));
    if (!phone || !is_one_host(phone->address)) {
        return fail(Errc::malformed,
                    "contact-me-uri '{}' names no host by its IPv4 address, which contact-me "
                    "needs; {}",
                    shown, instead);
    }
    if (uri.substr(slash) != path) {
        return fail(Errc::refused, "contact-me-uri '{}' has another path than {}; {}", shown, path,
                    instead);
    }
    if (std::find(rules.ports.begin(), rules.ports.end(), phone->port) == rules.ports.end()) {
        return fail(Errc::refused, "contact-me-uri '{}' has port {}, where no phone listens; {}",
                    shown, phone->port, instead);
    }
    const auto holds = [&](const base::Network& network) {
        return network.contains(phone->address);
    };
    if (phone->address != peer &&
        std::none_of(rules.networks.begin(), rules.networks.end(), holds)) {
        return fail(Errc::refused,
                    "contact-me-uri '{}' names another host than {}, where the phone's messages "
                    "come from; is there a NAT? {}",
                    shown, peer.str(), instead);
    }
    return *phone;
}

std::string contact_me_request(base::Endpoint phone) {
    return fmt::format("POST {} HTTP/1.1\r\n"
                       "Host: {}\r\n"
                       "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
                       "Content-Length: {}\r\n"
                       "Connection: close\r\n"
                       "\r\n"
                       "{}",
                       path, phone.str(), body.size(), body);
}

base::Status read_contact_me_answer(std::string_view bytes) {
    constexpr std::string_view version = "HTTP/1.";
    constexpr std::size_t status_at = version.size() + 2; // behind "0 " or "1 "
    const auto known = std::min(bytes.size(), version.size());
    if (bytes.substr(0, known) != version.substr(0, known)) {
        return fail(Errc::malformed, "answers something else than HTTP");
    }
    // Bare line feeds are accepted (RFC 9112 2.2).
    const bool is_whole = bytes.find("\r\n\r\n") != std::string_view::npos ||
                          bytes.find("\n\n") != std::string_view::npos;
    if (!is_whole) {
        return bytes.size() < longest_contact_me_answer
                   ? fail(Errc::truncated, "closes the connection before its answer is whole")
                   : fail(Errc::malformed, "answers more than {} bytes", longest_contact_me_answer);
    }
    const auto line = bytes.substr(0, bytes.find('\n'));
    const auto digits = line.size() >= status_at + 3 ? line.substr(status_at, 3) : "";
    const auto status = base::parse_number(digits);
    const auto behind = line.size() > status_at + 3 ? line[status_at + 3] : ' ';
    const bool has_gap = line.size() > status_at && line[status_at - 1] == ' ';
    if (digits.size() != 3 || !status || !has_gap ||
        std::isdigit(static_cast<unsigned char>(behind)) != 0) {
        return fail(Errc::malformed, "answers something else than HTTP");
    }
    if (*status != 204) {
        return fail(Errc::refused, "answers {} where 204 says that a contact-me arrived", *status);
    }
    return {};
}

void learn(inventory::Workpoint& phone, Heard what, const ContactMeRules& rules) {
    using inventory::Reached;
    switch (what) {
    case Heard::came_when_called:
        phone.contact_me_failures = 0;
        phone.reached = Reached::by_contact_me;
        return;
    case Heard::did_not_come:
        ++phone.contact_me_failures;
        // Whether it polls is known by a poll since it called: it may forget where at each start.
        if (phone.contact_me_failures >=
            (phone.last_poll > phone.last_contact ? failures_until_poll : failures_until_left)) {
            phone.reached = Reached::by_poll;
        }
        return;
    case Heard::from_elsewhere:
        phone.contact_me_failures = 0;
        phone.reached = contact_me_target(phone.contact_me_uri, phone.address, rules)
                            ? Reached::unknown
                            : Reached::by_poll;
        return;
    }
}

std::chrono::seconds contact_gap(const inventory::Workpoint& phone) noexcept {
    constexpr std::chrono::seconds least{60};
    constexpr std::chrono::seconds most = std::chrono::hours(24);
    const auto said =
        std::find_if(phone.reported.begin(), phone.reported.end(),
                     [](const auto& one) { return one.first.name == "dls-contact-interval"; });
    const auto seconds =
        said == phone.reported.end() ? std::nullopt : base::parse_number(said->second);
    if (!seconds || *seconds > static_cast<std::uint64_t>(most.count())) {
        return std::chrono::seconds(300);
    }
    return std::max(least, std::chrono::seconds(*seconds));
}

base::UnixMs hears_contact_from(const inventory::Workpoint& phone) noexcept {
    return phone.contact_me_sent == 0
               ? 0
               : phone.contact_me_sent + std::chrono::milliseconds(contact_gap(phone)).count();
}

bool is_callable(const inventory::Workpoint& phone, const ContactMeRules& rules) {
    return phone.reached != inventory::Reached::by_poll &&
           contact_me_target(phone.contact_me_uri, phone.address, rules).has_value();
}

} // namespace wpi
