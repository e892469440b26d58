// SPDX-License-Identifier: MIT
// Tries the file in which the accounts of a phone stand.
#include "provisioning/admin/file_warning.hpp"

#include "provisioning/admin/command.hpp"
#include "provisioning/admin/tell.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/base/utf8.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace admin {
namespace {

/// The last of its chain that is served: the phone's own.
std::string own_file(const profile::Vendor& vendor, const inventory::Device& device) {
    std::string own;
    for (const std::string& name : vendor.names_for(device.mac, device.seen.model)) {
        const auto* step = vendor.step_for(name, device.mac, device.seen.model);
        own = step != nullptr && !step->template_name.empty() ? name : own;
    }
    return own;
}

std::size_t characters(std::string_view text) {
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size(); ++count) {
        at += std::max<std::size_t>(base::utf8_at(text, at).length, 1);
    }
    return count;
}

std::string
cut_names(const Reach& reach, const profile::Vendor& vendor, const inventory::Device& device) {
    std::string text;
    for (const std::string& number : device.lines) {
        const auto account = reach.directory.account(number);
        if (vendor.longest_name != 0 && account &&
            characters(account->name) > vendor.longest_name) {
            text += fmt::format("Its display shows the first {} characters of the name of {}.\n",
                                vendor.longest_name, number);
        }
    }
    return text;
}

/// Makes what the phone would be given: its own file, or what it is told when it calls.
base::Status
try_it(const Reach& reach, const profile::Vendor& vendor, const inventory::Device& device) {
    if (vendor.items_step() == nullptr) {
        auto file = reach.render(device.mac, own_file(vendor, device), true);
        return file ? base::Status() : tl::unexpected(std::move(file.error()));
    }
    if (!reach.wanted_items) {
        return {};
    }
    auto items = reach.wanted_items(device);
    return items ? base::Status() : tl::unexpected(std::move(items.error()));
}

} // namespace

std::optional<std::string> renewal(const inventory::Device& device, std::string_view what) {
    for (const std::string& number : device.lines) {
        if (what.find(fmt::format("is extension {}: ", number)) == std::string_view::npos) {
            continue;
        }
        if (what.find(fmt::format("is extension {}: its number ", number)) !=
            std::string_view::npos) {
            return fmt::format("Give it an extension with another number: pnp assign {} NUMBERS. "
                               "Where this number should do, correct the template that takes it "
                               "in, then: pnp reload.",
                               device.mac.str());
        }
        return fmt::format("An extension of PBX PnP is made anew to change it: pnp unassign {0}, "
                           "pnp extension remove {1}, pnp extension add {1}, pnp assign {0} {2}. "
                           "One of the PBX is changed there.",
                           device.mac.str(), number, fmt::join(device.lines, ","));
    }
    return std::nullopt;
}

std::string file_warning(const Reach& reach, base::Mac mac) {
    const inventory::Snapshot now = reach.inventory.now();
    const inventory::Device* device = now.device(mac);
    const auto catalogue = reach.catalogue();
    const profile::Vendor* vendor =
        device == nullptr ? nullptr : vendor_of(catalogue.get(), mac, device);
    if (vendor == nullptr || device->lines.empty() || !device->is_approved() ||
        reach.served_elsewhere(*device)) {
        return {};
    }
    std::string text = cut_names(reach, *vendor, *device);
    const auto made = try_it(reach, *vendor, *device);
    // What is not found is no fault of the file: no interface is served yet, say.
    if (made ||
        (made.error().code != base::Errc::malformed && made.error().code != base::Errc::refused)) {
        return text;
    }
    return text +
           fmt::format("! {} would {}: {}.\n", mac.str(),
                       vendor->items_step() == nullptr ? "get no file" : "be told nothing",
                       made.error().what) +
           renewal(*device, made.error().what).value_or("Correct it before the phone asks.") + "\n";
}

} // namespace admin
