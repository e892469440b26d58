// SPDX-License-Identifier: MIT
// What phones of the Workpoint Interface say beside their messages: where they are called, what
// they answer to that, polls, versions.
// rooms: wpi
#include "provisioning/wpi/contact_me.hpp"
#include "provisioning/wpi/polling.hpp"
#include "provisioning/wpi/release.hpp"
#include "tests/fuzz/demand.hpp"

#include <algorithm>
#include <cstdint>

namespace {

void look_at_target(std::string_view uri) {
    constexpr base::Ipv4 peer{0xC0000259};
    const wpi::ContactMeRules rules;
    const auto target = wpi::contact_me_target(uri, peer, rules);
    if (!target) {
        demand(!target.error().what.empty());
        return;
    }
    demand(target->address == peer);
    demand(std::count(rules.ports.begin(), rules.ports.end(), target->port) == 1);
}

void look_at_answer(std::string_view bytes) {
    const auto whole = wpi::read_contact_me_answer(bytes);
    demand(!whole || bytes.find("204") != std::string_view::npos);
    if (!whole && whole.error().code != base::Errc::truncated) {
        // What is wrong already does not become right by what follows.
        demand(!wpi::read_contact_me_answer(std::string(bytes) + "\r\n\r\n"));
    }
}

void look_at_version(std::string_view text) {
    if (const auto firmware = wpi::read_firmware(text)) {
        const auto again = wpi::read_firmware(wpi::str(*firmware));
        demand(again == firmware);
        demand(wpi::is_same_firmware(text, wpi::str(*firmware)));
    }
    (void)wpi::read_release(text);
    (void)wpi::remembers_to_call(text);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    look_at_target(text);
    look_at_answer(text);
    look_at_version(text);
    if (const auto mac = wpi::polling_phone(text)) {
        demand(wpi::polling_phone("device-id=" + mac->colons()) == *mac);
    }
    (void)wpi::is_poll_path(text);
    return 0;
}
