// SPDX-License-Identifier: MIT
// The rights to secrets, and what is said where there is none.
#include "provisioning/wpi/secrets.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace wpi {
namespace {

std::string remedy(base::Mac mac) {
    return fmt::format("`pnp enrol {} 30m`, then let the phone call again", mac.str());
}

} // namespace

std::optional<std::int64_t> open_window(base::Mac mac,
                                        base::Ipv4 source,
                                        const inventory::Snapshot& snapshot,
                                        base::UnixMs now,
                                        const std::function<bool(std::int64_t)>& is_spent) {
    const auto& windows = snapshot.enrolments();
    const auto found =
        std::find_if(windows.begin(), windows.end(), [&](const inventory::Enrolment& one) {
            return !is_over(one, now) && one.mac == mac &&
                   (!one.from || one.from->contains(source)) && !is_spent(one.id);
        });
    return found != windows.end() ? std::optional(found->id) : std::nullopt;
}

SecretsVerdict may_have_secrets(const Claimant& caller,
                                const serve::Gate& gate,
                                const inventory::Snapshot& snapshot,
                                base::UnixMs now,
                                const std::function<bool(std::int64_t)>& is_spent) {
    const auto mac = caller.mac;
    const auto* device = snapshot.device(mac);
    if (device == nullptr || !device->is_approved()) {
        return Withheld{fmt::format("the phone is {}; `pnp approve {}`",
                                    device == nullptr ? "unknown" : device->state(), mac.str())};
    }
    // Also where neighbours are not enforced for files: those ask with a token, and here is none.
    // Where the table can know, it is asked, and a window does not stand against it.
    if (gate.is_neighbour_known(caller.source)) {
        auto what = gate.neighbour_says(mac, caller.source);
        return what.empty() ? SecretsVerdict(Granted{std::nullopt})
                            : SecretsVerdict(Withheld{std::move(what)});
    }
    if (caller.match == Match::peer) {
        return Withheld{"it shows neither its cookie nor its connection, and others may be behind "
                        "that address"};
    }
    if (!caller.window) {
        const auto is_any_open = [&](const std::function<bool(std::int64_t)>& is_gone) {
            return open_window(mac, caller.source, snapshot, now, is_gone).has_value();
        };
        return Withheld{fmt::format(
            "it calls from {}, where no neighbour table shows it, and {}; {}", caller.source.str(),
            is_any_open(is_spent) ? "another call has the enrolment window"
            : is_any_open([](std::int64_t) { return false; })
                ? "its enrolment window gave them to another call; if that was not this phone, "
                  "change its password"
                : "no enrolment window was open for it when it called",
            remedy(mac))};
    }
    const auto& windows = snapshot.enrolments();
    const auto window =
        std::find_if(windows.begin(), windows.end(),
                     [&](const inventory::Enrolment& one) { return one.id == *caller.window; });
    if (window == windows.end() || is_over(*window, now)) {
        return Withheld{
            fmt::format("its enrolment window closed during the call; {}", remedy(mac))};
    }
    return Granted{caller.window};
}

} // namespace wpi
