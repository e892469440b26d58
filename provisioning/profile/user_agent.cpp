// SPDX-License-Identifier: MIT
// Reads the User-Agents of desk phones; each vendor puts model, version and MAC elsewhere.
#include "provisioning/base/text.hpp"
#include "provisioning/profile/catalogue.hpp"

#include <algorithm>
#include <array>

namespace profile {
namespace {

constexpr std::size_t longest = 512; // a stranger's text; the longest real one has some 120

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// "2.0.4.2", "V2.22.5.20.i", "8.7.5.48": a digit first, perhaps behind a V, and a dot.
bool is_version(std::string_view word) {
    if (!word.empty() && (word[0] == 'V' || word[0] == 'v')) {
        word.remove_prefix(1);
    }
    return !word.empty() && is_digit(word[0]) && word.find('.') != std::string_view::npos;
}

/// The words between blanks and brackets.
std::vector<std::string_view> words_of(std::string_view text, std::string_view separators) {
    std::vector<std::string_view> words;
    while (!text.empty()) {
        const auto end = std::min(text.find_first_of(separators), text.size());
        if (end > 0) {
            words.push_back(text.substr(0, end));
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

/// The first word that is a MAC, perhaps behind "MAC:".
std::optional<base::Mac> mac_in(std::string_view text) {
    for (std::string_view word : words_of(text, " \t();,")) {
        if (base::istarts_with(word, "mac:") || base::istarts_with(word, "mac=")) {
            word.remove_prefix(4);
        }
        if (const auto mac = base::Mac::parse(word)) {
            return mac;
        }
    }
    return std::nullopt;
}

std::string_view between(std::string_view text, std::string_view head, std::string_view tail) {
    const auto begin = text.find(head);
    if (begin == std::string_view::npos) {
        return {};
    }
    text.remove_prefix(begin + head.size());
    return text.substr(0, text.find(tail));
}

/// "BRAND MODEL… VERSION MAC", where each of the last two may be missing: Htek, Yealink, Fanvil,
/// Flyingvoice, Alcatel, and whoever is not known better.
UserAgent plain(std::string_view text) {
    static constexpr std::array<std::string_view, 8> brands = {
        "Htek", "IPPHONE", "Yealink", "Fanvil", "Flyingvoice", "ALE", "PLANET", "Grandstream"};
    auto words = words_of(text, " \t");
    UserAgent found;
    if (!words.empty()) {
        found.mac = base::Mac::parse(words.back());
        words.resize(words.size() - (found.mac ? 1 : 0));
    }
    if (!words.empty() && is_version(words.back())) {
        found.version = words.back();
        words.pop_back();
    }
    const bool branded =
        !words.empty() && std::any_of(brands.begin(), brands.end(), [&](std::string_view brand) {
            return base::iequals(brand, words.front());
        });
    for (std::size_t i = branded ? 1 : 0; i < words.size(); ++i) {
        found.model += found.model.empty() ? "" : " ";
        found.model += words[i];
    }
    return found;
}

/// "MODEL/VERSION", then perhaps more behind a blank, a bracket or a semicolon: Panasonic,
/// AudioCodes, Gigaset, Snom's SIP stack.
UserAgent with_slash(std::string_view text) {
    const auto slash = text.find('/');
    const std::string_view rest = text.substr(slash + 1);
    return {std::string(base::trim(text.substr(0, slash))),
            std::string(rest.substr(0, rest.find_first_of(" (;"))), mac_in(rest)};
}

/// "Mozilla/4.0 (compatible; snomD785-SIP 10.1.169.16 … 00041396D9B4 …)", "(compatible; Snom M900
/// 05.20.0001 …)".
UserAgent snom(std::string_view text) {
    auto words = words_of(between(text, "compatible; ", ")"), " ;");
    if (!words.empty() && base::iequals(words.front(), "snom")) {
        words.erase(words.begin());
    }
    UserAgent found;
    found.mac = mac_in(text);
    if (!words.empty()) {
        found.model = words.front().substr(0, words.front().find("-SIP"));
    }
    if (words.size() > 1 && is_version(words[1])) {
        found.version = words[1];
    }
    return found;
}

/// "Grandstream Model HW GXP2135 V1.3A SW 1.0.7.97 DevId 000b828aa872", and of old
/// "Grandstream GXP2000 (gxp2000e.bin:1.2.5.3/…) DevId …".
UserAgent grandstream(std::string_view text) {
    if (text.find("DevId") == std::string_view::npos) {
        return plain(text);
    }
    UserAgent found;
    found.mac = mac_in(between(text, "DevId ", "\n"));
    std::string_view model = between(text, " HW ", " SW ");
    if (!model.empty()) {
        found.version = between(text, " SW ", " ");
    } else {
        model = between(text, "Grandstream ", " (");
        found.version = between(between(text, "(", ")"), ":", "/");
    }
    found.model = model.substr(0, model.find(' ')); // without the revision of the hardware
    return found;
}

/// "AUDC-IPPhone/2.2.8.61 (440HDG-Rev0; 00908F602AAC)".
UserAgent audiocodes(std::string_view text) {
    UserAgent found = with_slash(text);
    const std::string_view inside = between(text, "(", ";");
    found.model = inside.substr(0, inside.find("-Rev"));
    return found;
}

/// "Aastra6731i MAC:00-08-5D-23-74-29 V:3.2.2.1136-SIP".
UserAgent mitel(std::string_view text) {
    return {std::string(text.substr(0, text.find(' '))), std::string(between(text, " V:", " ")),
            mac_in(text)};
}

/// "J179 AVAYA/J179-4.1.3.0.6 (MAC:c81fea83e85a)" and "Cisco/SPA508G-7.4.8a (MAC)(serial)".
UserAgent with_dash(std::string_view text, std::string_view head) {
    const std::string_view name = between(text, head, " ");
    const auto dash = name.find('-');
    return {std::string(name.substr(0, dash)),
            dash == std::string_view::npos ? std::string() : std::string(name.substr(dash + 1)),
            mac_in(text)};
}

/// "FileTransport PolycomVVX-VVX_400-UA/4.1.4.7430 …".
UserAgent polycom(std::string_view text) {
    const std::string_view model = between(text, "Polycom", "-UA/");
    return {std::string(model.substr(model.find('-') + 1)), std::string(between(text, "-UA/", " ")),
            mac_in(text)};
}

UserAgent read(std::string_view text) {
    const auto starts = [&](std::string_view prefix) { return base::istarts_with(text, prefix); };
    const auto holds = [&](std::string_view part) {
        return text.find(part) != std::string_view::npos;
    };
    if (starts("Mozilla/") && holds("compatible; ")) {
        return snom(text);
    }
    if (starts("Grandstream ")) {
        return grandstream(text);
    }
    if (starts("AUDC-IPPhone")) {
        return audiocodes(text);
    }
    if (starts("Aastra") || starts("Mitel")) {
        return mitel(text);
    }
    if (holds("AVAYA/")) {
        return with_dash(text, "AVAYA/");
    }
    if (starts("Cisco/")) {
        return with_dash(text, "Cisco/");
    }
    if (holds("Polycom") && holds("-UA/")) {
        return polycom(text);
    }
    for (const std::string_view maker : {"Panasonic_", "Gigaset "}) {
        if (starts(maker)) {
            return with_slash(text.substr(maker.size()));
        }
    }
    return holds("/") ? with_slash(text) : plain(text);
}

} // namespace

UserAgent read_user_agent(std::string_view text) {
    UserAgent found = read(base::trim(text.substr(0, longest)));
    for (std::string* part : {&found.model, &found.version}) {
        part->resize(std::min<std::size_t>(part->size(), 64));
    }
    return found;
}

} // namespace profile
