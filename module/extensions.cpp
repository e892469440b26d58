// SPDX-License-Identifier: MIT
// Compares what the PBX was given with what it should have, one extension at a time.
#include "module/extensions.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/inventory/guest.hpp"

#include <array>
#include <optional>
#include <utility>

namespace engine {

using base::Errc;
using base::fail;

namespace log = base::log;

namespace {

/// The one that stands for all that have this extension.
const inventory::Device* phone_of(const inventory::Snapshot& now, const std::string& number) {
    if (const auto guest = inventory::guest_of(number)) {
        return now.device(*guest);
    }
    const auto holders = now.holders(number);
    return holders.empty() ? nullptr : now.device(holders.front());
}

profile::Site site_of(const Desk::Rules& rules, const inventory::Device* device) {
    return device != nullptr ? Desk::site_of(rules, *device)
                             : profile::site_for(rules.rules, {}, {}, {});
}

} // namespace

std::string Extensions::context_of(const inventory::Snapshot& now,
                                   const std::string& number,
                                   const Desk::Rules& rules) {
    if (inventory::guest_of(number)) { // it calls next to nobody
        return rules.claims.guests_context;
    }
    auto context = site_of(rules, phone_of(now, number)).context;
    return context.empty() ? rules.extensions_context : context;
}

Extensions::Copy Extensions::wanted(const inventory::Snapshot& now,
                                    const inventory::Extension& extension,
                                    const Desk::Rules& rules) {
    Copy copy;
    const auto* device = phone_of(now, extension.number);
    const auto site = site_of(rules, device);
    if (device != nullptr) {
        copy.mac = device->mac.str();
    }
    copy.phones = static_cast<unsigned>(now.holders(extension.number).size());
    copy.name = extension.name;
    copy.password = extension.password;
    copy.home = rules.extensions_context;
    copy.context = context_of(now, extension.number, rules);
    if (inventory::guest_of(extension.number)) { // nobody calls it
        copy.home.clear();
        copy.phones = 1; // whatever it has now, it is told by this account to come for it
    }
    copy.codecs = site.codecs;
    copy.transport = site.transport;
    return copy;
}

base::Status Extensions::put(const std::string& number, const Copy& copy) const {
    pnp_extension extension{};
    extension.number = number.c_str();
    extension.name = copy.name.c_str();
    const base::Revealed password = copy.password.reveal();
    extension.password = password.c_str();
    extension.mac = copy.mac.c_str();
    extension.phones = copy.phones;
    extension.home = copy.home.c_str();
    extension.context = copy.context.c_str();
    extension.codecs = copy.codecs.c_str();
    extension.transport = copy.transport.c_str();
    std::array<char, 512> why{};
    if (host_.put_extension(host_.context, &extension, why.data(), why.size()) != 0) {
        return fail(Errc::conflict, "{}", why.data());
    }
    return {};
}

base::Status Extensions::look() const {
    std::array<char, 512> why{};
    if (host_.look != nullptr && host_.look(host_.context, why.data(), why.size()) != 0) {
        return fail(Errc::refused, "{}", why.data());
    }
    return {};
}

base::Status Extensions::fits(const std::string& number, const std::string& home) const {
    if (host_.look != nullptr) {
        const std::lock_guard lock(mutex_);
        if (copies_.count(number) != 0) { // it is looked at again whenever the host's own change
            return {};
        }
    }
    return look().and_then([&] { return may_own(number, home); });
}

base::Status Extensions::may_own(const std::string& number, const std::string& home) const {
    std::array<char, 512> why{};
    if (host_.may_own != nullptr &&
        host_.may_own(host_.context, number.c_str(), home.c_str(), why.data(), why.size()) != 0) {
        return fail(Errc::conflict, "{}", why.data());
    }
    return {};
}

base::Status Extensions::look_for_sync() {
    auto sight = look();
    is_blind_ = !sight;
    has_seen_ = has_seen_ || sight.has_value();
    auto why = sight ? std::string() : sight.error().what;
    if (!sight && why != blindness_) {
        log::warn("engine", "our extensions in the PBX are left as they are: {}", why);
    }
    blindness_ = std::move(why);
    return sight;
}

void Extensions::sync(const Desk::Rules& rules, bool look_again) {
    if (host_.put_extension == nullptr) {
        return;
    }
    const std::lock_guard lock(mutex_);
    look_again =
        look_again || is_blind_; // whatever was taken or kept unseen is judged at first sight
    const auto now = inventory_.now();
    for (auto it = copies_.begin(); it != copies_.end();) {
        if (now.extension(it->first) == nullptr) {
            host_.remove_extension(host_.context, it->first.c_str());
            it = copies_.erase(it);
        } else {
            ++it;
        }
    }
    std::map<std::string, std::string> problems;
    std::optional<base::Status> sight; // of all that is asked for, where anything is
    // The last number first: Asterisk keeps a context sorted in a list and walks it to the place
    // where a new one belongs, which then is its beginning.
    const auto extensions = now.extensions();
    for (auto each = extensions.rbegin(); each != extensions.rend(); ++each) {
        const auto* extension = *each;
        const auto& number = extension->number;
        auto copy = wanted(now, *extension, rules);
        const auto known = copies_.find(number);
        const bool is_same = known != copies_.end() && known->second == copy;
        if (is_same && !look_again) {
            continue;
        }
        if (!sight) {
            sight = look_for_sync();
        }
        base::Status done;
        if (!*sight && known == copies_.end() && has_seen_) {
            done = tl::unexpected(sight->error());
        } else if (!is_same) {
            done = put(number, copy);
        } else if (*sight) {
            done = may_own(number, copy.home);
        }
        if (done) {
            copies_.insert_or_assign(number, std::move(copy));
        } else {
            const auto& what = done.error().what;
            if (known != copies_.end()) {
                host_.remove_extension(host_.context, number.c_str());
                copies_.erase(known);
            }
            if (const auto told = problems_.find(number);
                told == problems_.end() || told->second != what) {
                log::warn("engine", "extension {} is not in the PBX: {}", number, what);
            }
            problems.emplace(number, what);
        }
    }
    problems_ = std::move(problems);
    if (!sight && is_blind_) { // nothing of ours is left there to be kept
        is_blind_ = false;
        blindness_.clear();
    }
}

std::vector<std::string> Extensions::problems() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> out;
    if (!blindness_.empty()) {
        out.push_back("our extensions in the PBX are left as they are: " + blindness_);
    }
    for (const auto& [number, what] : problems_) {
        out.push_back(fmt::format("extension {} is not in the PBX: {}", number, what));
    }
    return out;
}

} // namespace engine
