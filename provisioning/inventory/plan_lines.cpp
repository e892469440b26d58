// SPDX-License-Identifier: MIT
// What changes of lines come to: who gets which number, and which are free.
#include "provisioning/base/text.hpp"
#include "provisioning/inventory/guest.hpp"
#include "provisioning/inventory/plan.hpp"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/ranges.h>

namespace inventory {

using base::Errc;
using base::fail;
using base::Status;

namespace {

constexpr std::size_t most_lines = 64;

std::string joined(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, ", "));
}

bool has(const std::vector<std::string>& words, const std::string& word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_guest(const Device& device) {
    return device.lines == std::vector{guest_number(device.mac)};
}

/// A guest is known by its account, so no other phone may have that.
Status check_may_go(std::string_view verb, const Device& from) {
    for (const auto& number : from.lines) {
        if (guest_of(number)) {
            return fail(
                Errc::refused,
                "{}: {} is the account of {} as a guest, which no other phone gets; "
                "assign it an extension first, or make the other one a guest: pnp guest MAC",
                verb, number, from.mac.str());
        }
    }
    return {};
}

} // namespace

std::vector<base::Mac> Plan::holders(const std::string& number) const {
    const auto found = holders_.find(number);
    return found != holders_.end() ? found->second : before_.holders(number);
}

const Release* Plan::release(const std::string& number) const {
    const auto found = releases_.find(number);
    if (found == releases_.end()) {
        return before_.release(number);
    }
    return found->second ? &*found->second : nullptr;
}

void Plan::set_lines(Planned& planned, const std::vector<std::string>& lines) {
    auto& device = planned.device;
    for (const auto& number : device.lines) {
        if (!has(lines, number)) {
            auto macs = holders(number);
            std::erase(macs, device.mac);
            if (macs.empty()) {
                releases_[number] = Release{now_, device.mac};
            }
            holders_[number] = std::move(macs);
        }
    }
    for (const auto& number : lines) {
        if (!has(device.lines, number)) {
            auto macs = holders(number);
            macs.insert(std::lower_bound(macs.begin(), macs.end(), device.mac), device.mac);
            holders_[number] = std::move(macs);
            releases_[number].reset();
        }
    }
    device.lines = lines;
}

Status Plan::carry_out(const Assign& change) {
    const auto mac = change.mac.str();
    if (auto valid = check_mac(change.mac); !valid) {
        return valid;
    }
    if (change.lines.empty()) {
        return fail(Errc::malformed,
                    "assign {}: no extension given; name at least one, or unassign the phone", mac);
    }
    if (change.lines.size() > most_lines) {
        return fail(Errc::malformed, "assign {}: {} lines; a phone has at most {}", mac,
                    change.lines.size(), most_lines);
    }
    std::set<std::string> numbers;
    for (const auto& number : change.lines) {
        if (!numbers.insert(number).second) {
            return fail(Errc::conflict, "assign {}: extension {} is named twice; name it once", mac,
                        number);
        }
        if (const auto whose = guest_of(number);
            whose && (*whose != change.mac || change.lines.size() > 1)) {
            return fail(Errc::refused,
                        "assign {}: {} is the account of {} as a guest, which no other phone gets "
                        "and which stands alone; to make a phone a guest: pnp guest {}",
                        mac, number, whose->str(), mac);
        }
        if (!is_extension(number)) {
            return fail(Errc::not_found,
                        "assign {}: there is no extension {}; add it first, or create it in the "
                        "PBX",
                        mac, number);
        }
    }
    orders_.push_back(fmt::format("assign {} to {}", mac, joined(change.lines)));
    if (const auto* known = device(change.mac);
        known != nullptr && known->is_approved() && known->lines == change.lines) {
        return {};
    }
    auto& target = planned(change.mac);
    decide(target, Approval::approved);
    set_lines(target, change.lines);
    note(target, Step::assigned, fmt::format("{} by {}", joined(change.lines), actor_));
    return {};
}

Status Plan::carry_out(const Unassign& change) {
    const auto* known = device(change.mac);
    if (known == nullptr) {
        return fail(Errc::not_found,
                    "unassign {}: no such phone is known; look for a slip in its MAC",
                    change.mac.str());
    }
    orders_.push_back(fmt::format("unassign {}", change.mac.str()));
    if (known->lines.empty()) {
        return {};
    }
    auto& target = planned(change.mac);
    const auto was = joined(target.device.lines);
    set_lines(target, {});
    note(target, Step::unassigned, fmt::format("{} by {}", was, actor_));
    return {};
}

/// The first that is an extension and nobody's; but before all others the one that was its own.
std::optional<std::string> Plan::free_number(const Pool& pool, base::Mac mac) const {
    std::optional<std::string> first;
    for (const auto& range : pool.ranges) {
        for (std::uint64_t place = 0; place < range.size(); ++place) {
            auto number = range.at(place);
            if (!holders(number).empty()) {
                continue;
            }
            const auto* released = release(number);
            const bool was_its_own = released != nullptr && released->mac == mac;
            const bool rests =
                released != nullptr && is_in_quarantine(*released, pool.quarantine, now_);
            // Last: the PBX may have to be asked.
            if ((was_its_own || (!first && !rests)) && is_in_pool(number)) {
                if (was_its_own) {
                    return number;
                }
                first = std::move(number);
            }
        }
    }
    return first;
}

std::string Plan::why_none_is_free(const Pool& pool) const {
    std::size_t taken = 0;
    std::size_t resting = 0;
    base::UnixMs first_end = 0;
    for (const auto& range : pool.ranges) {
        for (std::uint64_t place = 0; place < range.size(); ++place) {
            const auto number = range.at(place);
            if (!holders(number).empty()) {
                ++taken;
            } else if (const auto* released = release(number);
                       released != nullptr && is_in_quarantine(*released, pool.quarantine, now_) &&
                       is_in_pool(number)) {
                const auto end = released->at + pool.quarantine.count();
                first_end = resting++ == 0 ? end : std::min(first_end, end);
            }
        }
    }
    auto why = fmt::format("none of {} is free; add extensions there, or unassign phones that are "
                           "gone ({} of these numbers are on phones",
                           pool.str(), taken);
    if (resting != 0) {
        why += fmt::format(", {} in quarantine, the first until {}", resting,
                           base::iso_time(first_end));
    }
    return why + ")";
}

Status Plan::carry_out(const AssignFromPool& change) {
    const auto mac = change.mac;
    if (auto valid = check_mac(mac); !valid) {
        return valid;
    }
    if (change.only_pending) {
        if (auto pending = check_pending(mac, "assign"); !pending) {
            return pending;
        }
    }
    if (auto valid = check_ranges(change.pool.ranges); !valid) {
        return fail(valid.error().code, "assign {}: {}", mac.str(), valid.error().what);
    }
    if (const auto* known = device(mac);
        known != nullptr &&
        std::any_of(known->lines.begin(), known->lines.end(),
                    [&](const auto& number) { return change.pool.contains(number); })) {
        // Not Approve: that would grant a new credential to whoever asks for one.
        return carry_out(Assign{mac, std::vector<std::string>(known->lines)});
    }
    // Of the devices as they are after the changes before this one, so that two phones of one list
    // do not get the same.
    if (auto number = free_number(change.pool, mac)) {
        if (const auto* given_up = release(*number); given_up != nullptr && given_up->mac != mac) {
            stale_pins_.insert(*number);
        }
        return carry_out(Assign{mac, {std::move(*number)}});
    }
    return fail(Errc::conflict, "assign {}: {}", mac.str(), why_none_is_free(change.pool));
}

Status Plan::carry_out(const Replace& change) {
    const auto gone = change.gone.str();
    const auto heir = change.heir.str();
    if (auto valid = check_mac(change.heir); !valid) {
        return valid;
    }
    if (change.gone == change.heir) {
        return fail(Errc::malformed, "replace {}: by itself? name the phone that takes its place",
                    gone);
    }
    const auto* known = device(change.gone);
    if (known == nullptr) {
        return fail(Errc::not_found,
                    "replace {}: no such phone is known; look for a slip in its "
                    "MAC",
                    gone);
    }
    const auto lines = known->lines;
    if (!known->is_approved() && lines.empty()) {
        return fail(Errc::conflict,
                    "replace {}: it is {} and has no extension, so there is nothing to hand over; "
                    "assign the other one what it is to have",
                    gone, known->state());
    }
    if (auto done = check_may_go(fmt::format("replace {}", gone), *known); !done) {
        return done;
    }
    // A guest has nothing but what it was given so that it can be told who it is.
    if (const auto* other = device(change.heir);
        other != nullptr && !other->lines.empty() && !is_guest(*other)) {
        return fail(Errc::conflict,
                    "replace {} by {}: that one has {} already; unassign it first, or swap them",
                    gone, heir, joined(other->lines));
    }
    orders_.push_back(
        fmt::format("replace {} by {}{}{}", gone, heir, lines.empty() ? "" : ": ", joined(lines)));
    auto& before = planned(change.gone);
    set_lines(before, {});
    if (before.device.approval == Approval::blocked) {
        note(before, Step::unassigned,
             fmt::format("{} by {}: {} takes its place", joined(lines), actor_, heir));
    } else {
        if (change.with_jobs) {
            successions_.push_back({change.gone, change.heir});
        }
        block(before, fmt::format("by {}: {} takes its place", actor_, heir));
    }
    auto& after = planned(change.heir);
    decide(after, Approval::approved);
    if (!lines.empty()) {
        set_lines(after, lines);
    }
    note(after, lines.empty() ? Step::approved : Step::assigned,
         fmt::format("{}{}by {}, in place of {}", joined(lines), lines.empty() ? "" : " ", actor_,
                     gone));
    return {};
}

Status Plan::carry_out(const Swap& change) {
    if (change.one == change.other) {
        return fail(Errc::malformed, "swap {}: with itself? name two phones", change.one.str());
    }
    std::array<std::vector<std::string>, 2> lines;
    const std::array<base::Mac, 2> macs{change.one, change.other};
    for (std::size_t at = 0; at < macs.size(); ++at) {
        const auto* known = device(macs[at]);
        if (known == nullptr || !known->is_approved()) {
            return fail(known == nullptr ? Errc::not_found : Errc::conflict,
                        "swap {} and {}: {} is {}; approve it first, or replace the other one by "
                        "it",
                        macs[0].str(), macs[1].str(), macs[at].str(),
                        known == nullptr ? "not known" : known->state());
        }
        if (auto done =
                check_may_go(fmt::format("swap {} and {}", macs[0].str(), macs[1].str()), *known);
            !done) {
            return done;
        }
        lines.at(at) = known->lines;
    }
    if (lines[0].empty() && lines[1].empty()) {
        return fail(Errc::conflict, "swap {} and {}: neither has an extension; assign them some",
                    macs[0].str(), macs[1].str());
    }
    orders_.push_back(fmt::format("swap {} and {}", macs[0].str(), macs[1].str()));
    if (lines[0] == lines[1]) {
        return {};
    }
    for (std::size_t at = 0; at < macs.size(); ++at) {
        set_lines(planned(macs.at(at)), lines.at(1 - at));
    }
    for (std::size_t at = 0; at < macs.size(); ++at) {
        const auto& now = lines.at(1 - at);
        note(planned(macs.at(at)), now.empty() ? Step::unassigned : Step::assigned,
             fmt::format("{} by {}, in exchange with {}", joined(now.empty() ? lines.at(at) : now),
                         actor_, macs.at(1 - at).str()));
    }
    return {};
}

} // namespace inventory
