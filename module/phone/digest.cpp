// SPDX-License-Identifier: MIT
#include "module/phone/digest.hpp"

#include "provisioning/base/crypto.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>

namespace phone {

namespace {

using base::Errc;

/// Cuts the next `name=value` off a comma list; values may be quoted and hold commas then.
std::pair<std::string, std::string> next_parameter(std::string_view& rest) {
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t,"), rest.size()));
    const auto equals = std::min(rest.find('='), rest.size());
    auto name = base::lower(base::trim(rest.substr(0, equals)));
    rest.remove_prefix(std::min(equals + 1, rest.size()));
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    std::string value;
    if (!rest.empty() && rest.front() == '"') {
        rest.remove_prefix(1);
        while (!rest.empty() && rest.front() != '"') {
            if (rest.front() == '\\' && rest.size() > 1) {
                rest.remove_prefix(1);
            }
            value += rest.front();
            rest.remove_prefix(1);
        }
        rest.remove_prefix(std::min<std::size_t>(1, rest.size()));
    } else {
        const auto end = std::min(rest.find(','), rest.size());
        value = std::string(base::trim(rest.substr(0, end)));
        rest.remove_prefix(end);
    }
    return {std::move(name), std::move(value)};
}

std::string count_text(unsigned count) {
    return fmt::format("{:08x}", count);
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out + '"';
}

} // namespace

base::Result<Challenge> read_challenge(std::string_view value) {
    if (!base::istarts_with(value, "digest ")) {
        return base::fail(Errc::refused, "the server asks for something other than Digest");
    }
    Challenge challenge;
    auto rest = value.substr(7);
    while (!rest.empty()) {
        auto [name, text] = next_parameter(rest);
        if (name == "realm") {
            challenge.realm = std::move(text);
        } else if (name == "nonce") {
            challenge.nonce = std::move(text);
        } else if (name == "opaque") {
            challenge.opaque = std::move(text);
        } else if (name == "stale") {
            challenge.stale = base::iequals(text, "true");
        } else if (name == "algorithm" && !base::iequals(text, "MD5")) {
            return base::fail(Errc::refused,
                              "the server asks for digest algorithm {}, the phone knows MD5",
                              base::printable(text, 20));
        } else if (name == "qop") {
            const auto offers = base::split(text, ',');
            challenge.qop_auth = std::any_of(offers.begin(), offers.end(), [](auto offer) {
                return base::iequals(offer, "auth");
            });
        }
    }
    if (challenge.nonce.empty()) {
        return base::fail(Errc::malformed, "the server's digest challenge has no nonce");
    }
    return challenge;
}

std::string digest_response(const Challenge& challenge, const Proof& proof) {
    const base::Revealed password = proof.password.reveal();
    const auto a1 = base::md5_hex(
        fmt::format("{}:{}:{}", proof.user, challenge.realm, std::string_view(password)));
    const auto a2 = base::md5_hex(fmt::format("{}:{}", proof.method, proof.uri));
    if (!challenge.qop_auth) {
        return base::md5_hex(fmt::format("{}:{}:{}", a1, challenge.nonce, a2));
    }
    return base::md5_hex(fmt::format("{}:{}:{}:{}:auth:{}", a1, challenge.nonce,
                                     count_text(proof.count), proof.cnonce, a2));
}

std::string write_authorization(const Challenge& challenge, const Proof& proof) {
    auto value = fmt::format(
        R"(Digest username={}, realm={}, nonce={}, uri="{}", response="{}", algorithm=MD5)",
        quoted(proof.user), quoted(challenge.realm), quoted(challenge.nonce), proof.uri,
        digest_response(challenge, proof));
    if (challenge.qop_auth) {
        value +=
            fmt::format(R"(, qop=auth, nc={}, cnonce="{}")", count_text(proof.count), proof.cnonce);
    }
    if (!challenge.opaque.empty()) {
        value += fmt::format(", opaque={}", quoted(challenge.opaque));
    }
    return value;
}

} // namespace phone
