// SPDX-License-Identifier: MIT
// Which characters a text may have, and the forms of addresses, times, versions and SIP URIs.
#include "provisioning/base/net.hpp"
#include "provisioning/base/utf8.hpp"
#include "provisioning/profile/kx/dial_plan.hpp"
#include "provisioning/profile/kx/url.hpp"
#include "provisioning/profile/kx/value.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace profile::kx {
namespace {

constexpr std::string_view digits = "0123456789";
constexpr std::string_view never_in_credentials = "\"&':<> "; // guide §5.4.1, §5.8.2

Spot moved(const Spot& spot, std::size_t bytes) {
    Spot at = spot;
    at.column += count_characters(spot.value.substr(0, bytes));
    return at;
}

bool is_printable(std::uint32_t code) noexcept {
    return code >= 0x20 && code <= 0x7E && code != '"';
}

struct Alphabet {
    std::string_view charset;
    std::string_view says;
    bool (*has)(std::uint32_t code);
};

bool in(std::string_view set, std::uint32_t code) noexcept {
    return code < 0x80 && set.find(static_cast<char>(code)) != std::string_view::npos;
}

constexpr Alphabet ascii{"", "only the characters of ASCII may be used here", is_printable};

constexpr std::array alphabets{
    Alphabet{
        "cred", "none of \" & ' : < > nor a space may be used here, and only ASCII",
        [](std::uint32_t code) { return is_printable(code) && !in(never_in_credentials, code); }},
    Alphabet{"dial", "only 0 to 9, * and # may be used here",
             [](std::uint32_t code) { return in("0123456789*#", code); }},
    Alphabet{"digits", "only digits may be used here",
             [](std::uint32_t code) { return in(digits, code); }},
    Alphabet{"unicode", "control characters may not be used",
             [](std::uint32_t code) { return code >= 0x20 && code != 0x7F && code != '"'; }},
};

const Alphabet& alphabet_of(std::string_view charset) {
    for (const Alphabet& alphabet : alphabets) {
        if (alphabet.charset == charset) {
            return alphabet;
        }
    }
    return ascii;
}

/// V07 at the first character that may not stand there; false then. Bytes that are no UTF-8 are
/// the file's fault (F02).
bool check_characters(const Parameter& row, const Spot& spot, Report& report) {
    const Alphabet& alphabet = alphabet_of(row.charset);
    for (std::size_t at = 0; at < spot.value.size();) {
        const base::Utf8 found = base::utf8_at(spot.value, at);
        if (found.length != 0 && !alphabet.has(found.code)) {
            report.add(Severity::error, "V07", moved(spot, at), std::string(alphabet.says),
                       row.section);
            return false;
        }
        at += std::max<std::size_t>(found.length, 1);
    }
    return true;
}

/// NN:NN or NN.NNN by a picture in which 0 stands for a digit.
bool looks_like(std::string_view text, std::string_view picture) noexcept {
    return std::equal(
        text.begin(), text.end(), picture.begin(), picture.end(),
        [](char c, char wanted) { return wanted == '0' ? c >= '0' && c <= '9' : c == wanted; });
}

void check_time(const Parameter& row, const Spot& spot, Report& report) {
    const std::string_view text = spot.value;
    if (!looks_like(text, "00:00") || text.substr(0, 2) > "23" || text.substr(3) > "59") {
        report.add(Severity::error, "V04", spot, "must be HH:MM between 00:00 and 23:59",
                   row.section);
    }
}

void check_version(const Parameter& row, const Spot& spot, Report& report) {
    if (!looks_like(spot.value, "00.000")) {
        report.add(Severity::error, "V03", spot, "must be a version of the form NN.NNN, as 01.070",
                   row.section);
    } else if (spot.value.substr(0, 2) > "15") {
        report.add(Severity::error, "V04", spot, "must lie between 00.000 and 15.999", row.section);
    }
}

/// The phone's own web page refuses these; what a file does is not stated (guide §4.2.4).
void check_special_address(const Parameter& row,
                           const base::Ipv4& address,
                           const Spot& spot,
                           Report& report) {
    const std::string text = address.str();
    if (text == "0.0.0.0" || text == "255.255.255.255" || text == "127.0.0.1") {
        report.add(Severity::warning, "V04", spot,
                   "no address of a server; the phone's web page refuses it", row.section);
    }
}

void check_address(const Parameter& row, const Spot& spot, Report& report) {
    if (const auto address = base::Ipv4::parse(spot.value)) {
        check_special_address(row, *address, spot, report);
    } else {
        report.add(Severity::error, "V03", spot, "must be an IP address such as 192.0.2.10",
                   row.section);
    }
}

bool is_host_char(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}

void check_host(const Parameter& row, const Spot& spot, Report& report) {
    const std::string_view text = spot.value;
    if (text.find_first_not_of("0123456789.") == std::string_view::npos) {
        return check_address(row, spot, report);
    }
    if (const auto refused = text.find_first_of("&'<>"); refused != std::string_view::npos) {
        report.add(Severity::warning, "V07", moved(spot, refused),
                   "the phone's web page refuses this character in the name of a host",
                   row.section);
        return;
    }
    if (text.back() == ' ') {
        report.add(Severity::warning, "V07", moved(spot, text.size() - 1),
                   "ends with a space, which the phone's web page refuses", row.section);
        return;
    }
    const auto other = std::find_if_not(text.begin(), text.end(), is_host_char);
    if (other != text.end()) {
        report.add(Severity::error, "V03",
                   moved(spot, static_cast<std::size_t>(other - text.begin())),
                   "must be an IP address or the name of a host, without scheme, port or path",
                   row.section);
    }
}

/// R-SIPURI: "sip:" user "@" host, and nothing else (guide §5.8.2, §4.6.2.1).
void check_sip_uri(const Parameter& row, const Spot& spot, Report& report) {
    constexpr std::string_view scheme = "sip:";
    constexpr std::size_t longest_user = 63;
    constexpr std::size_t longest_host = 127;
    const std::string_view text = spot.value;
    const auto wrong = [&](std::size_t at, std::string what) {
        report.add(Severity::error, "R-SIPURI", moved(spot, at), std::move(what), row.section);
    };
    if (text.substr(0, scheme.size()) != scheme) {
        return wrong(0, "must start with sip:, as in sip:201@pbx.example.net");
    }
    if (const auto bad = text.find_first_of("\"&':;<> ", scheme.size());
        bad != std::string_view::npos) {
        return wrong(bad, "holds no port, no parameters and none of \" & ' : ; < > nor a space "
                          "behind sip:");
    }
    const auto at = text.find('@');
    if (at == std::string_view::npos || text.find('@', at + 1) != std::string_view::npos) {
        return wrong(0, "must be sip:, a user, one @ and a host");
    }
    const std::size_t user = at - scheme.size();
    const std::size_t host = text.size() - at - 1;
    if (user < 1 || user > longest_user) {
        return wrong(scheme.size(), fmt::format("the user has {} characters and may have 1 to {}",
                                                user, longest_user));
    }
    if (host < 1 || host > longest_host) {
        return wrong(at + 1, fmt::format("the host has {} characters and may have 1 to {}", host,
                                         longest_host));
    }
}

void check_plan(const Spot& spot, Report& report) {
    for (DialPlanFinding& finding : check_dial_plan(spot.value)) {
        report.add(finding.severity, "R-DIALPLAN", moved(spot, finding.column - 1),
                   std::move(finding.what), dial_plan_section);
    }
}

struct Form {
    std::string_view charset;
    void (*check)(const Parameter& row, const Spot& spot, Report& report);
};

constexpr std::array forms{
    Form{"host", check_host},       Form{"ipv4", check_address}, Form{"hhmm", check_time},
    Form{"version", check_version}, Form{"url", check_url},      Form{"uri", check_picture},
    Form{"sip-uri", check_sip_uri},
};

} // namespace

void check_form(const Known& known, const Spot& spot, Report& report) {
    const Parameter& row = *known.row;
    if (row.charset == "dialplan") { // has an alphabet of its own
        return check_plan(spot, report);
    }
    if (!check_characters(row, spot, report)) {
        return;
    }
    for (const Form& form : forms) {
        if (form.charset == row.charset) {
            return form.check(row, spot, report);
        }
    }
}

} // namespace profile::kx
