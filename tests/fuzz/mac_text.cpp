// SPDX-License-Identifier: MIT
// Feeds bytes to the small readings of text: MAC, IPv4, durations, names, JSON.
// rooms: base
#include "provisioning/base/json.hpp"
#include "provisioning/base/mac.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/text.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void try_mac(std::string_view text) {
    if (const auto mac = base::Mac::parse(text)) {
        require(base::Mac::parse(mac->str()) == mac && base::Mac::parse(mac->upper()) == mac);
        require(base::Mac::parse(mac->colons()) == mac);
        require(base::Mac::from_number(mac->number()) == *mac);
    }
}

void try_net(std::string_view text) {
    if (const auto address = base::Ipv4::parse(text)) {
        require(address->str() == text);
    }
    if (const auto endpoint = base::Endpoint::parse(text)) {
        require(endpoint->str() == text);
    }
    if (const auto network = base::Network::parse(text)) {
        require(base::Network::parse(network->str()) == network);
        require(network->contains(network->address) && network->contains(network->broadcast()));
    }
}

void try_text(std::string_view text) {
    if (const auto duration = base::parse_duration(text)) {
        require(base::parse_duration(base::format_duration(*duration)) == *duration);
        require(duration->count() >= 0);
    }
    if (const auto number = base::parse_number(text)) {
        require(base::parse_number(std::to_string(*number)) == number);
    }
    for (const std::string_view part : base::split(text, ',')) {
        require(!part.empty() && base::trim(part) == part);
    }
    const std::string shown = base::printable(text, 50);
    require(shown.size() <= 53);
    for (const char c : shown) {
        require(c >= 0x20 && c <= 0x7E);
    }
    constexpr std::string_view names[] = {"interfaces", "http_port", ""};
    (void)base::nearest(text, names);
    require(base::iequals(base::lower(text), text) && base::istarts_with(text, base::lower(text)));
}

void try_json(std::string_view text) {
    // A string of any bytes is valid JSON and comes back the same once it is UTF-8.
    const auto quoted = base::Json::parse(base::Json(text).dump());
    require(quoted.has_value() || text.size() > 100'000);
    if (const auto json = base::Json::parse(text)) {
        const auto again = base::Json::parse(json->dump());
        // Not byte for byte: Boost.JSON 1.81 reads a number of many digits one bit off.
        require(again.has_value() && again->names() == json->names());
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    try_mac(text);
    try_net(text);
    try_text(text);
    try_json(text);
    return 0;
}
