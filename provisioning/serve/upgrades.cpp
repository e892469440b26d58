// SPDX-License-Identifier: MIT
// From [firmware] sections to offers, downloads and the state of the roll-out.
#include "provisioning/serve/upgrades.hpp"

#include "provisioning/serve/file_body.hpp"

#include <algorithm>
#include <utility>

namespace serve {

using inventory::Step;
using profile::Firmware;

namespace {

/// The section for a phone of ours that has its configuration; nullptr where it is told of nothing.
const Firmware* meant_for(const Phone& phone, const FileSettings& with) {
    if (!phone.device.is_approved() || !phone.device.is_configured() ||
        phone.vendor.firmware == profile::TakesFirmware::no) {
        return nullptr;
    }
    return profile::firmware_for(with.firmware, phone.vendor.name, phone.model, phone.address);
}

/// The URL would have to be http while the phone's own are https: whoever listens would learn the
/// token of files with passwords.
bool would_tell_the_token(const Phone& phone, const FileSettings& with) {
    const auto site = profile::site_for(with.rules, phone.vendor.name, phone.model, phone.address);
    return phone.vendor.firmware == profile::TakesFirmware::by_http &&
           profile::uses_tls(phone.vendor, with.ports, site.scheme);
}

/// The section for this phone, where there is a file and a URL to fetch it by: the phone restarts
/// for it.
const Firmware* fetchable(const Phone& phone, const FileSettings& with) {
    const auto* firmware = meant_for(phone, with);
    const bool is_there = firmware != nullptr && !would_tell_the_token(phone, with) &&
                          FileBody::open(with.firmware_folder, firmware->file);
    return is_there ? firmware : nullptr;
}

/// A phone on its way to its configuration has enough to do; one that was told before goes on.
bool is_ready(const inventory::Device& device) {
    return device.is_configured() && device.seen.stage >= inventory::Stage::configured;
}

/// Who has it keeps the setting: it does nothing, and a change could restart the phone.
void put(profile::Facts& facts, const Firmware& firmware, Turn turn) {
    if (turn == Turn::on_way || turn == Turn::has) {
        facts.firmware_offer = profile::FirmwareOffer{firmware.version, firmware.file};
    }
}

} // namespace

void Upgrades::offer(profile::Facts& facts, const Phone& phone, const FileSettings& with) {
    const auto* firmware = fetchable(phone, with);
    if (firmware == nullptr) {
        return;
    }
    const auto mac = phone.device.mac;
    if (!is_ready(phone.device) && rollout_.now(*firmware, mac, phone.firmware) == Turn::waits) {
        return;
    }
    const auto [turn, is_new] = rollout_.take(*firmware, mac, phone.firmware);
    if (is_new && turn == Turn::on_way) {
        diary_.note(mac, Step::firmware_offered, phone.address, firmware->version);
    } else if (is_new && turn == Turn::failed) {
        diary_.note(mac, Step::firmware_failed, phone.address, firmware->version);
    } else if (is_new) {
        diary_.note(mac, Step::firmware_runs, phone.address, phone.firmware);
    }
    put(facts, *firmware, turn);
}

void Upgrades::show(profile::Facts& facts, const Phone& phone, const FileSettings& with) const {
    if (const auto* firmware = fetchable(phone, with)) {
        const auto mac = phone.device.mac;
        put(facts, *firmware,
            is_ready(phone.device) ? rollout_.look(*firmware, mac, phone.firmware)
                                   : rollout_.now(*firmware, mac, phone.firmware));
    }
}

std::optional<Response> Upgrades::answer(const Request& request,
                                         const std::string& name,
                                         const Phone& phone,
                                         const FileSettings& with) {
    const auto* firmware = meant_for(phone, with);
    if (firmware == nullptr || firmware->file != name) {
        return std::nullopt;
    }
    auto file = FileBody::open(with.firmware_folder, name);
    if (!file) {
        diary_.note(phone.device.mac, Step::file_refused, request.peer.address, file.error().what);
        return Response{};
    }
    Response response;
    if (request.method == "GET") {
        const auto mac = phone.device.mac;
        response.place = place_for(mac);
        if (!response.place) {
            response.status = 503;
            return response;
        }
        response.all_sent = [this, mac] { rollout_.fetched(mac); };
        ++downloads_;
        diary_.note(mac, Step::firmware_fetched, request.peer.address, name);
    }
    response.status = 200;
    response.content_type = "application/octet-stream";
    response.last_modified = (*file)->modified();
    response.file = std::move(*file);
    return response;
}

std::shared_ptr<void> Upgrades::place_for(base::Mac mac) {
    {
        const std::lock_guard hold(open_->lock);
        auto& open = open_->of[mac];
        if (open >= most_downloads) {
            return nullptr;
        }
        ++open;
    }
    return {open_.get(), [downloads = open_, mac](void*) {
                const std::lock_guard hold(downloads->lock);
                const auto found = downloads->of.find(mac);
                if (found != downloads->of.end() && --found->second == 0) {
                    downloads->of.erase(found);
                }
            }};
}

void Upgrades::each_phone(const FileSettings& with, const Visit& visit) const {
    if (!with.catalogue) {
        return;
    }
    const auto snapshot = inventory_.now();
    auto devices = snapshot.devices();
    std::sort(devices.begin(), devices.end(),
              [](const auto* a, const auto* b) { return a->mac < b->mac; });
    for (const auto* device : devices) {
        if (!device->is_configured()) {
            continue;
        }
        const auto phone = recognise(*with.catalogue, *device, "", device->seen.address);
        const auto* firmware = phone ? meant_for(*phone, with) : nullptr;
        if (firmware != nullptr) {
            visit(*phone, *firmware,
                  would_tell_the_token(*phone, with)
                      ? Turn::by_https
                      : rollout_.now(*firmware, device->mac, phone->firmware));
        }
    }
}

std::vector<Upgrades::Row> Upgrades::list(const FileSettings& with) const {
    std::vector<Row> rows;
    for (const auto& firmware : with.firmware) {
        Row row;
        row.firmware = firmware;
        const auto file = FileBody::open(with.firmware_folder, firmware.file);
        if (file) {
            row.size = (*file)->size();
        } else {
            row.problem = file.error().what;
        }
        rows.push_back(std::move(row));
    }
    each_phone(with, [&](const Phone& phone, const Firmware& firmware, Turn turn) {
        auto& row = rows.at(static_cast<std::size_t>(&firmware - with.firmware.data()));
        row.who[turn].push_back(phone.device.mac);
    });
    return rows;
}

std::vector<base::Mac> Upgrades::look_after(const FileSettings& with, const IsThere& is_there) {
    std::vector<base::Mac> ours;
    std::map<const Firmware*, std::vector<base::Mac>> waiting;
    each_phone(with, [&](const Phone& phone, const Firmware& firmware, Turn turn) {
        const auto mac = phone.device.mac;
        ours.push_back(mac);
        if (turn == Turn::waits) {
            if (is_ready(phone.device) && is_there(phone.device)) {
                waiting[&firmware].push_back(mac);
            }
        } else if ((turn == Turn::has || turn == Turn::newer) && rollout_.arrived(mac)) {
            diary_.note(mac, Step::firmware_runs, phone.address, phone.firmware);
        }
    });
    rollout_.keep(ours);
    for (const auto& failed : rollout_.give_up()) {
        const auto snapshot = inventory_.now();
        const auto* device = snapshot.device(failed.mac);
        diary_.note(failed.mac, Step::firmware_failed,
                    device != nullptr ? device->seen.address : base::Ipv4{}, failed.version);
    }
    std::vector<base::Mac> called;
    for (auto& [firmware, macs] : waiting) {
        if (FileBody::open(with.firmware_folder, firmware->file)) {
            const auto some = rollout_.call(*firmware, std::move(macs));
            called.insert(called.end(), some.begin(), some.end());
        }
    }
    return called;
}

} // namespace serve
