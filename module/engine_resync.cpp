// SPDX-License-Identifier: MIT
// Tells phones to fetch their configuration again: by the PBX where it can, and never all at once.
#include "module/engine.hpp"

#include "provisioning/base/log.hpp"

#include <algorithm>
#include <array>
#include <random>

namespace engine {

using base::Errc;
using base::fail;
using base::Result;

namespace log = base::log;

/// The PBX reaches a phone through whatever it registered through, so it goes first.
Result<std::string> Engine::resync_by_host(const inventory::Device& device,
                                           const std::string& event) {
    if (host_.send_notify == nullptr) {
        return fail(Errc::not_found, "there is no PBX");
    }
    const auto contact = registrations_->contact(device.mac);
    const auto address = (contact ? contact->address : device.seen.address).str();
    std::string reason = "it has no extension";
    for (const auto& number : numbers_of(device)) {
        std::array<char, 256> why{};
        if (host_.send_notify(host_.context, number.c_str(), address.c_str(),
                              contact ? contact->port : 0, event.c_str(), why.data(),
                              why.size()) == 0) {
            inventory_->note(device.mac, inventory::Step::resync_sent, address,
                             fmt::format("NOTIFY {} by the PBX", event));
            return fmt::format("NOTIFY with Event {} goes out by the PBX.", event);
        }
        reason = why.data();
    }
    return fail(Errc::not_found, "{}", reason);
}

Result<std::string> Engine::resync(base::Mac mac, bool reboot) {
    {
        const std::lock_guard lock(pacing_);
        const auto same = std::find_if(resyncs_waiting_.begin(), resyncs_waiting_.end(),
                                       [&](const auto& one) { return one.first == mac; });
        if (same != resyncs_waiting_.end()) {
            same->second = same->second || reboot;
            return fmt::format("{} is in the row already.", mac.str());
        }
        if (!resyncs_waiting_.empty() || !resyncs_.take(clock_.now())) {
            resyncs_waiting_.emplace_back(mac, reboot);
            return fmt::format("Many phones are told at a time: {} has its turn in about {} s, and "
                               "`pnp explain {}` shows the answer.",
                               mac.str(), 1 + resyncs_waiting_.size() / 2, mac.str());
        }
    }
    return resync_now(mac, reboot);
}

/// Each second, on the loop thread.
void Engine::resync_waiting() {
    const std::lock_guard lock(pacing_);
    while (!resyncs_waiting_.empty() && resyncs_.take(clock_.now())) {
        const auto [mac, reboot] = resyncs_waiting_.front();
        resyncs_waiting_.pop_front();
        loop_->work([this, mac = mac, reboot = reboot] {
            if (const auto done = resync_now(mac, reboot); !done) {
                inventory_->note(mac, inventory::Step::resync_failed, "", done.error().what);
                files_->not_told_of_firmware(mac);
            }
        });
    }
}

/// With what it is still registered first, where that is none of its lines: it has not come yet.
std::vector<std::string> Engine::numbers_of(const inventory::Device& device) const {
    auto numbers = device.lines;
    if (auto account = registrations_->account(device.mac);
        !account.empty() && std::find(numbers.begin(), numbers.end(), account) == numbers.end()) {
        numbers.insert(numbers.begin(), std::move(account));
    }
    return numbers;
}

/// Whether there is a way to tell it at all.
base::Status Engine::may_resync(const inventory::Device* device, base::Mac mac) const {
    if (device == nullptr || !device->was_heard()) {
        return fail(Errc::not_found, "{} was never heard, so its address is unknown; plug it in",
                    mac.str());
    }
    if (workpoints_->speaks_with(mac)) {
        return {};
    }
    const auto* vendor = desk_->vendor_of(*device);
    if (vendor != nullptr && vendor->items_step() != nullptr) { // it obeys no NOTIFY
        return fail(Errc::refused,
                    "{} has not called since it was approved, so it cannot be asked to come; "
                    "restart it by hand. Does it not call then? pnp explain {}",
                    mac.str(), mac.str());
    }
    if (vendor == nullptr || vendor->resync_event.empty()) {
        return fail(Errc::not_found,
                    "no profile says how phones like {} are told to come again; "
                    "restart it by hand",
                    mac.str());
    }
    return {};
}

Result<std::string> Engine::resync_now(base::Mac mac, bool reboot) {
    const auto now = inventory_->now();
    const auto* device = now.device(mac);
    if (auto possible = may_resync(device, mac); !possible) {
        return tl::unexpected(possible.error());
    }
    if (workpoints_->speaks_with(mac)) {
        return workpoints_->resync(mac, reboot);
    }
    const auto* vendor = desk_->vendor_of(*device);
    const auto& event =
        reboot && !vendor->reboot_event.empty() ? vendor->reboot_event : vendor->resync_event;
    auto by_host = resync_by_host(*device, event);
    if (by_host) {
        return by_host;
    }
    log::debug("engine", "{} is told to come again by ourselves: {}", mac.str(),
               by_host.error().what);
    const auto contact = registrations_->contact(mac);
    const auto address = contact ? contact->address : device->seen.address;
    const auto row = interface_towards(address);
    if (!row || !row->network().contains(address)) {
        return fail(Errc::refused, "{} was last seen at {}, which is in no network that is served",
                    mac.str(), address.str());
    }
    const base::Endpoint phone{address, contact ? contact->port : vendor->sip_port};
    inventory_->note(mac, inventory::Step::resync_sent, address.str(),
                     fmt::format("NOTIFY {} to port {}", event, phone.port));
    loop_->post([this, mac, phone, local = row->address, event] {
        pnp_->resync(mac, phone, local, event, [this, mac, phone](const pnp::ResyncResult& result) {
            if (result.status >= 200 && result.status < 300) {
                inventory_->note(mac, inventory::Step::resync_answered, phone.address.str(),
                                 fmt::format("{} {}", result.status, result.reason));
                return;
            }
            files_->not_told_of_firmware(mac);
            if (result.status == 0) {
                inventory_->note(mac, inventory::Step::resync_failed, phone.address.str(),
                                 result.reason.empty() ? "no answer" : result.reason);
            } else {
                inventory_->note(mac, inventory::Step::resync_failed, phone.address.str(),
                                 fmt::format("{} {}", result.status, result.reason));
            }
        });
    });
    return fmt::format("NOTIFY with Event {} was sent to {}; `pnp explain {}` shows the answer.",
                       event, phone.str(), mac.str());
}

/// Of a number on several phones the PBX says that one of them is in a call, and then whose it is.
bool Engine::talks_itself(base::Mac mac, const std::string& number) const {
    if (host_.list_calls == nullptr) {
        return true;
    }

    struct Visitor {
        const Registrations& registrations;
        base::Mac mac;
        const std::string& number;
        bool talks;
    } visitor{*registrations_, mac, number, false};

    host_.list_calls(
        host_.context, number.c_str(),
        [](void* to, const char* address, std::uint16_t port) {
            auto& each = *static_cast<Visitor*>(to);
            try {
                const auto far = base::Ipv4::parse(address);
                each.talks = each.talks || !far ||
                             !each.registrations.is_anothers(each.mac, each.number, {*far, port});
            } catch (...) { // not through the host's frames
                each.talks = true;
            }
        },
        &visitor);
    return visitor.talks;
}

/// On a worker, or the thread of a console: the PBX is asked. Nothing where it cannot say.
std::optional<bool> Engine::in_call(const inventory::Device& device) const {
    std::optional<bool> talks;
    if (host_.in_call == nullptr) {
        return talks;
    }
    // With what it is registered, which it may have lost since: others talk with its new lines.
    auto numbers = registrations_->accounts(device.mac);
    if (numbers.empty()) {
        numbers = device.lines;
    }
    for (const auto& number : numbers) {
        if (const int said = host_.in_call(host_.context, number.c_str()); said >= 0) {
            talks = talks.value_or(false) || (said > 0 && talks_itself(device.mac, number));
        }
    }
    return talks;
}

std::unique_ptr<Fleet> Engine::make_fleet() {
    // Of moments in a minute: nobody gains from guessing them.
    auto dice = std::make_shared<std::minstd_rand>(std::random_device()());
    return std::make_unique<Fleet>(
        *inventory_, clock_,
        Fleet::Reach{
            [this](base::Mac mac, bool reboot) { return resync_now(mac, reboot); },
            [this](const inventory::Device& device) { return in_call(device); },
            [this](std::function<void()> task) { loop_->work(std::move(task)); },
            [dice] { return std::uniform_real_distribution<double>()(*dice); },
        });
}

/// Loop thread, each second.
void Engine::look_at_strayed() {
    if (const auto turn = looks_at_strayed_.begin()) {
        loop_->work([this, turn] { claims_->look(); });
    }
}

/// Loop thread. Phones that look for firmware by themselves do so once a week.
void Engine::look_after_firmware() {
    const auto turn = looks_after_firmware_.begin();
    if (!turn) {
        return; // a worker has it still
    }
    loop_->work([this, turn] {
        for (const auto mac : files_->look_after_firmware()) {
            if (const auto done = resync(mac, false); !done) {
                log::debug("engine", "{} is not told of its firmware: {}", mac.str(),
                           done.error().what);
                files_->not_told_of_firmware(mac);
            }
        }
    });
}

} // namespace engine
