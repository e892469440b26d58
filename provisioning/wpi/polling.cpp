// SPDX-License-Identifier: MIT
// Reads a poll leniently, and answers with a status that tells no more than whether to call.
#include "provisioning/wpi/polling.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>

namespace wpi {
namespace {

using base::Errc;
using base::fail;

constexpr std::string_view last_word = "contact-me";
constexpr std::string_view parameter = "device-id";
constexpr std::size_t longest_id = 17 + 5 * 2; // every colon as %3A

std::optional<unsigned> digit(char c) {
    if (c >= '0' && c <= '9') {
        return static_cast<unsigned>(c - '0');
    }
    const char small = static_cast<char>(c | 0x20);
    if (small >= 'a' && small <= 'f') {
        return static_cast<unsigned>(small - 'a' + 10);
    }
    return std::nullopt;
}

/// %XX as the byte it stands for (RFC 3986 2.1), once.
std::optional<std::string> decoded(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            plain += text[i];
            continue;
        }
        const auto high = i + 2 < text.size() ? digit(text[i + 1]) : std::nullopt;
        const auto low = i + 2 < text.size() ? digit(text[i + 2]) : std::nullopt;
        if (!high || !low) {
            return std::nullopt;
        }
        plain += static_cast<char>(*high * 16 + *low);
        i += 2;
    }
    return plain;
}

serve::Response said(int status) {
    serve::Response response;
    response.status = status;
    response.fields = {{"Cache-Control", "no-store"}};
    response.hides_its_time =
        true; // of a known phone more is looked at and noted than of a stranger
    return response;
}

} // namespace

bool is_poll_path(std::string_view path) noexcept {
    return path.ends_with(last_word);
}

base::Result<base::Mac> polling_phone(std::string_view query) {
    for (const auto pair : base::split(query, '&')) {
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos || pair.substr(0, equals) != parameter) {
            continue;
        }
        const auto sent = pair.substr(equals + 1);
        const auto id = sent.size() <= longest_id ? decoded(sent) : std::nullopt;
        const auto mac = id ? base::Mac::parse(*id) : std::nullopt;
        if (!mac) {
            return fail(Errc::malformed, "the device-id '{}' of a poll is no MAC",
                        base::printable(sent, 40));
        }
        return *mac;
    }
    return fail(Errc::malformed, "a poll without a device-id");
}

Polling::Polling(const base::Clock& clock, Reach reach, PollLimits limits)
    : clock_(clock), reach_(std::move(reach)), limits_(limits),
      sources_(limits.per_second, limits.burst, limits.addresses), in_vain_(limits.phones) {}

serve::Response Polling::answer(const serve::Request& request) {
    if (!is_poll_path(request.path)) {
        return {};
    }
    if (request.method != "GET" && request.method != "HEAD") {
        auto response = said(405);
        response.fields.emplace_back("Allow", "GET, HEAD");
        return response;
    }
    {
        const std::lock_guard hold(lock_);
        if (!sources_.take(request.peer.address.value, clock_.now())) {
            return said(503);
        }
    }
    const auto mac = polling_phone(request.query);
    if (!mac) {
        const std::lock_guard hold(lock_);
        if (complaints_.take(clock_.now())) {
            base::log::info("wpi", "{} from {}; dcmp-url is to end where `contact-me` follows",
                            mac.error().what, request.peer.address.str());
        }
        return said(400);
    }
    const auto phone = reach_.phone(*mac);
    if (!phone) {
        return said(200);
    }
    reach_.polled(*mac);
    return said(says_pending(*mac, request.peer.address, *phone) ? 202 : 200);
}

bool Polling::says_pending(base::Mac mac, base::Ipv4 source, const Phone& phone) {
    const std::lock_guard hold(lock_);
    const auto key = mac.str() + source.str();
    if (!phone.is_pending) {
        in_vain_.erase(key);
        return false;
    }
    auto& count = in_vain_.at(key);
    if (count.last_contact != phone.last_contact) {
        count = {phone.last_contact};
    }
    const auto now = clock_.now();
    const bool counts = !count.counted || now - *count.counted >= limits_.apart;
    if (counts) {
        count.counted = now;
    }
    if (count.said < limits_.in_vain) {
        count.said += counts ? 1 : 0;
        return true;
    }
    if (!counts) {
        return false;
    }
    if (count.passed == 0 && count.said == limits_.in_vain && complaints_.take(now)) {
        if (reach_.in_vain) {
            reach_.in_vain(mac, source);
        }
        base::log::warn("wpi",
                        "{} polls from {} and does not call, though it was told to {} times; does "
                        "a firewall keep it from the port of the Workpoint Interface (18443, or "
                        "wpi_port)?",
                        mac.str(), source.str(), count.said);
    }
    ++count.passed;
    if (count.passed < limits_.then_every) {
        return false;
    }
    count.passed = 0;
    count.said = limits_.in_vain + 1; // the warning was given
    return true;
}

} // namespace wpi
