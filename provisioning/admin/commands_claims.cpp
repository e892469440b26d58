// SPDX-License-Identifier: MIT
// The commands about claims by dialling: PINs, guests, and what wrong PINs have locked.
#include "provisioning/admin/command.hpp"
#include "provisioning/admin/tell.hpp"

#include "provisioning/base/crypto.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/inventory/guest.hpp"
#include "provisioning/inventory/pins.hpp"

#include <array>

#include <fmt/format.h>

namespace admin {
namespace {

constexpr std::size_t guest_password_length = 20;
constexpr std::size_t pin_length = 6;

/// Digits that are all equally likely.
base::Result<std::string> random_pin() {
    std::string pin;
    while (pin.size() < pin_length) {
        std::array<std::uint8_t, 16> bytes{};
        if (auto filled = base::random_bytes(bytes); !filled) {
            return tl::unexpected(filled.error());
        }
        for (const auto byte : bytes) {
            if (byte < 250 && pin.size() < pin_length) { // the rest would favour some
                pin += static_cast<char>('0' + byte % 10);
            }
        }
    }
    return pin;
}

bool is_extension(const Call& call, const std::string& number) {
    return call.now.extension(number) != nullptr ||
           call.reach.directory.account(number).has_value();
}

/// What is dialled at a guest; the error why nobody can.
base::Result<std::string> claim_code(const Call& call) {
    return call.reach.claim_code ? call.reach.claim_code()
                                 : base::Result<std::string>("claim_code");
}

} // namespace

Reply run_extension_pin(Call& call) {
    const std::string& number = call.places[0];
    auto& pins = call.reach.inventory.pins();
    if (call.places.size() > 1 && call.places[1] == "off") {
        if (auto removed = pins.remove(number, call.caller.actor); !removed) {
            return refused(removed.error());
        }
        return done(fmt::format("Nobody claims a phone for {} by dialling any more.\n", number),
                    base::Json::object({{"number", number}, {"has_pin", false}}));
    }
    if (inventory::guest_of(number) || !is_extension(call, number)) {
        return refused(fmt::format("there is no extension {} that a phone could be claimed for; "
                                   "see: pnp show extensions",
                                   base::printable(number, 40)));
    }
    const bool generated = call.places.size() < 2;
    auto pin = generated ? random_pin() : base::Result<std::string>(call.places[1]);
    if (!pin) {
        return refused(pin.error());
    }
    if (auto set = pins.set(number, base::Secret(*pin), call.caller.actor); !set) {
        return set.error().code == base::Errc::malformed ? misunderstood(set.error().what)
                                                         : refused(set.error());
    }
    auto text = generated
                    ? fmt::format("The PIN of {} is {}; it is not shown again.\n", number, *pin)
                    : fmt::format("{} has this PIN now.\n", number);
    const auto code = claim_code(call);
    text += code ? fmt::format("To dial at a guest: {}*{}*PIN#\n", *code, number)
                 : fmt::format("So far it is of no use: {}\n", code.error().what);
    auto json = base::Json::object({{"number", number}, {"has_pin", true}});
    if (generated) {
        json = base::Json::object({{"number", number}, {"has_pin", true}, {"pin", *pin}});
    }
    return done(std::move(text), std::move(json));
}

Reply run_guest(Call& call) {
    const auto mac = read_mac(call.places[0]);
    if (!mac) {
        return misunderstood(mac.error().what);
    }
    const auto code = claim_code(call);
    if (!code) {
        return refused(code.error());
    }
    auto password = base::random_password(guest_password_length);
    if (!password) {
        return refused(password.error());
    }
    if (auto made = call.reach.inventory.apply({inventory::MakeGuest{*mac, std::move(*password)}},
                                               call.caller.actor);
        !made) {
        return refused(made.error());
    }
    const auto number = inventory::guest_number(*mac);
    return done(fmt::format("{} is a guest, with the account {}.\n"
                            "Whoever dials {}*EXTENSION*PIN# there has it; to make a PIN: pnp "
                            "extension pin EXTENSION\n",
                            mac->str(), number, *code),
                base::Json::object({{"mac", mac->str()}, {"number", number}}));
}

Reply run_unlock(Call& call) {
    const std::string& who = call.places[0];
    auto& pins = call.reach.inventory.pins();
    // Twelve digits may be either; a phone it is where one is known.
    const auto mac = base::Mac::parse(who);
    auto unlocked = mac && call.now.device(*mac) != nullptr ? pins.unlock(*mac, call.caller.actor)
                                                            : pins.unlock(who, call.caller.actor);
    if (!unlocked) {
        return refused(unlocked.error());
    }
    return done(fmt::format("PINs are taken again for {}.\n", base::printable(who, 40)),
                base::Json::object({{"unlocked", who}}));
}

} // namespace admin
