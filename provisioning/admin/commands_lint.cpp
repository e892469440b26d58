// SPDX-License-Identifier: MIT
// The commands about the settings in a Panasonic phone's files: lint, show settings.
#include "provisioning/admin/command.hpp"
#include "provisioning/admin/tell.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/profile/kx/effective.hpp"
#include "provisioning/profile/kx/lint.hpp"
#include "provisioning/profile/kx/numbers.hpp"
#include "provisioning/profile/kx/print.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace admin {
namespace {

namespace kx = profile::kx;

constexpr std::size_t max_linted = 4U << 20U;

/// The names under which a phone asks for its files, from weak to strong, each template once.
std::vector<std::string> files_of(const profile::Vendor& vendor, const inventory::Device& device) {
    std::vector<std::string> names;
    std::vector<std::string> templates;
    for (std::string& name : vendor.names_for(device.mac, device.seen.model)) {
        const auto* step = vendor.step_for(name, device.mac, device.seen.model);
        if (step == nullptr || step->format != profile::Format::kx ||
            std::find(templates.begin(), templates.end(), step->template_name) != templates.end()) {
            continue;
        }
        templates.push_back(step->template_name);
        names.push_back(std::move(name));
    }
    return names;
}

/// The phone's files as they are sent, or, hidden, with ******** for what is secret.
base::Result<std::vector<kx::NamedFile>>
render_all(const Call& call, const inventory::Device& device, bool reveal) {
    const auto catalogue = call.reach.catalogue();
    const profile::Vendor* vendor = vendor_of(catalogue.get(), device.mac, &device);
    const auto names = vendor != nullptr ? files_of(*vendor, device) : std::vector<std::string>();
    if (names.empty()) {
        return base::fail(base::Errc::refused,
                          "{} has no files of this kind, which are Panasonic's; see pnp render {}",
                          device.mac.str(), device.mac.str());
    }
    std::vector<kx::NamedFile> files;
    for (const std::string& name : names) {
        auto text = call.reach.render(device.mac, name, reveal);
        if (!text) {
            return base::fail(text.error().code, "{}: {}", name, text.error().what);
        }
        files.push_back({name, std::move(*text)});
    }
    return files;
}

base::Result<const inventory::Device*> known_device(const Call& call, base::Mac mac) {
    if (const inventory::Device* device = call.now.device(mac)) {
        return device;
    }
    return base::fail(base::Errc::not_found,
                      "{} is not known, so it has no files; first: pnp assign {} EXT", mac.str(),
                      mac.str());
}

/// Passwords are judged as they are sent, and shown as nobody may read them.
void hide_values(std::vector<kx::Finding>& findings, const std::vector<kx::NamedFile>& hidden) {
    std::map<std::pair<std::string, std::string>, std::string> shown; // by file and name
    for (const kx::NamedFile& file : hidden) {
        for (const kx::Effective& one : kx::effective({file})) {
            shown.emplace(std::pair(file.name, one.name), kx::shown(one.name, one.value));
        }
    }
    for (kx::Finding& finding : findings) {
        const auto found = shown.find({finding.file, finding.name});
        if (!finding.value.empty()) {
            finding.value = found == shown.end() ? std::string() : found->second;
        }
    }
}

Reply found(const std::vector<kx::Finding>& findings, std::string_view file) {
    return {kx::exit_status(findings), kx::findings_text(findings, file),
            kx::findings_json(findings, file)};
}

/// Our own extensions, and all that phones have.
std::vector<std::string> known_numbers(const inventory::Snapshot& now) {
    std::set<std::string> numbers;
    for (const inventory::Extension* extension : now.extensions()) {
        numbers.insert(extension->number);
    }
    for (const inventory::Device* device : now.devices()) {
        numbers.insert(device->lines.begin(), device->lines.end());
    }
    return {numbers.begin(), numbers.end()};
}

Reply lint_device(const Call& call, base::Mac mac) {
    const auto device = known_device(call, mac);
    if (!device) {
        return misunderstood(device.error().what);
    }
    const auto hidden = render_all(call, **device, false);
    if (!hidden) {
        return misunderstood(hidden.error().what);
    }
    const auto files = render_all(call, **device, true);
    if (!files) {
        return misunderstood(files.error().what); // as bad as any error in a file
    }
    auto findings = kx::lint_phone(*files);
    auto unreached = kx::check_numbers(*files, known_numbers(call.now));
    std::move(unreached.begin(), unreached.end(), std::back_inserter(findings));
    hide_values(findings, *hidden);
    return found(findings, "");
}

/// pnpctl reads files itself and only sends their text, if anything; a console names one of ours.
Reply lint_file(const Call& call) {
    const std::string& name = call.places[0];
    if (!call.caller.input.empty()) {
        const base::Revealed text = call.caller.input.reveal();
        return found(kx::lint_any(text), name);
    }
    if (call.caller.over_socket) {
        return misunderstood(fmt::format("'{}' is no MAC address, and files are read by pnpctl",
                                         base::printable(name, 60)));
    }
    const auto text = base::read_file(name, max_linted);
    if (!text) {
        return misunderstood(text.error().what);
    }
    return found(kx::lint_any(*text), name);
}

} // namespace

Reply run_lint(Call& call) {
    const auto mac = read_mac(call.places[0]);
    return mac ? lint_device(call, *mac) : lint_file(call);
}

Reply run_show_settings(Call& call) {
    const auto mac = read_mac(call.places[0]);
    if (!mac) {
        return misunderstood(mac.error().what);
    }
    const auto device = known_device(call, *mac);
    if (!device) {
        return refused(device.error());
    }
    const auto files = render_all(call, **device, false);
    if (!files) {
        return refused(files.error());
    }
    std::vector<std::vector<std::string>> rows;
    base::Json list = base::Json::array();
    for (const kx::Effective& one : kx::effective(*files)) {
        const std::string value = kx::shown(one.name, one.value);
        rows.push_back({one.name, value.empty() ? "-" : value, one.file});
        list.push(base::Json::object({{"name", one.name},
                                      {"value", value},
                                      {"file", one.file},
                                      {"secret", one.is_secret},
                                      {"phone_may_override", one.yields_to_phone}}));
    }
    return done(table_text({"NAME", "AS SENT", "FILE"}, rows) +
                    "What somebody sets on the phone itself wins over this.\n",
                base::Json::object({{"mac", mac->str()}, {"settings", std::move(list)}}));
}

} // namespace admin
