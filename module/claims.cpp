// SPDX-License-Identifier: MIT
#include "module/claims.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/inventory/guest.hpp"
#include "provisioning/inventory/pins.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/ranges.h>

namespace engine {

using inventory::Pins;
using inventory::Step;

namespace {

constexpr std::string_view actor = "dialling";

/// The caller hears a word of thanks and hangs up.
constexpr std::chrono::seconds call_ends_within{3};
constexpr std::chrono::seconds told_every{60};
/// The PBX is asked no more often whether a call has ended.
constexpr std::chrono::seconds between_looks{5};

/// Who types the PIN where the extension is asked for does not find it in a log.
std::string shown_extension(const inventory::Inventory& inventory, const std::string& dialled) {
    const bool is_one =
        inventory.now().extension(dialled) != nullptr || inventory.pins().has(dialled);
    return is_one ? base::printable(dialled, 32) : "what is no extension";
}

std::string sentence(const std::string& shown, Pins::Outcome outcome) {
    switch (outcome) {
    case Pins::Outcome::wrong:
        return fmt::format("the PIN for {} was wrong, or there is none", shown);
    case Pins::Outcome::locked_now:
        return fmt::format("{} wrong PINs, the last for {}: no more are taken for {}",
                           Pins::most_wrong, shown, base::format_duration(Pins::locked_for));
    case Pins::Outcome::was_locked:
        return fmt::format("this phone or {} is locked after {} wrong PINs: pnp unlock", shown,
                           Pins::most_wrong);
    case Pins::Outcome::right:
        break;
    }
    return {};
}

} // namespace

pnp_claimed Claims::claim(const std::string& number,
                          base::Endpoint from,
                          const std::string& extension,
                          std::string_view pin) {
    const auto mac = registrations_.behind(number, from);
    if (!mac) {
        return PNP_CLAIM_REFUSED;
    }
    const auto address = from.address.value != 0 ? from.address.str() : std::string();
    const auto now = inventory_.now();
    const auto* device = now.device(*mac);
    const auto lines = device != nullptr ? device->lines : std::vector<std::string>();
    if (lines == std::vector{extension}) {
        return PNP_CLAIM_DONE; // dialled twice
    }
    // Before the PIN is looked at: else anybody's phone tells which one is right.
    if (lines != std::vector{inventory::guest_number(*mac)}) {
        inventory_.note(*mac, Step::pin_refused, address,
                        fmt::format("it has {} and is no guest: pnp guest {}",
                                    fmt::join(lines, ", "), mac->str()));
        return PNP_CLAIM_REFUSED;
    }
    const auto outcome = inventory_.pins().check(*mac, extension, pin);
    if (!outcome) {
        base::log::error("engine", "{} is not claimed: {}", mac->str(), outcome.error().what);
        return PNP_CLAIM_REFUSED;
    }
    std::string why;
    if (*outcome == Pins::Outcome::right) {
        const auto done = inventory_.apply({inventory::ClaimPhone{*mac, extension}}, actor);
        if (done) {
            return PNP_CLAIM_DONE;
        }
        why = done.error().what;
    } else {
        why = sentence(shown_extension(inventory_, extension), *outcome);
    }
    inventory_.note(*mac, Step::pin_refused, address, why);
    return *outcome == Pins::Outcome::wrong   ? PNP_CLAIM_WRONG
           : *outcome == Pins::Outcome::right ? PNP_CLAIM_REFUSED
                                              : PNP_CLAIM_LOCKED;
}

pnp_claimed Claims::release(const std::string& number, base::Endpoint from) {
    const auto mac = registrations_.behind(number, from);
    if (!mac) {
        return PNP_CLAIM_REFUSED;
    }
    const auto done = inventory_.apply({inventory::MakeGuest{*mac, {}, false, true}}, actor);
    if (!done) {
        base::log::info("engine", "{}", done.error().what);
        return PNP_CLAIM_REFUSED;
    }
    return PNP_CLAIM_DONE;
}

void Claims::look() {
    const auto now = clock_.now();
    const auto strayed = registrations_.strayed();
    std::erase_if(waits_, [&](const auto& entry) {
        return std::find(strayed.begin(), strayed.end(), entry.first) == strayed.end();
    });
    for (const auto mac : strayed) {
        auto& wait = waits_.try_emplace(mac, Wait{now + call_ends_within}).first->second;
        if (wait.next > now) {
            continue;
        }
        if (!is_in_call_(mac)) {
            wait.talks_since.reset();
        } else if (!wait.talks_since) {
            wait.talks_since = now;
        }
        wait.next = now + between_looks;
        if (!wait.talks_since || now - *wait.talks_since >= longest_call) {
            wait.next = now + told_every;
            resync_(mac);
        }
    }
}

} // namespace engine
