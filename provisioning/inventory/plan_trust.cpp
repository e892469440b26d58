// SPDX-License-Identifier: MIT
// What a rotation and the opening of an enrolment come to.
#include "provisioning/base/text.hpp"
#include "provisioning/inventory/plan.hpp"

#include <algorithm>

namespace inventory {

using base::Errc;
using base::fail;
using base::Status;

namespace {

constexpr std::size_t most_enrolments = 16;
constexpr std::size_t most_rule = 64;

/// "every phone in 10.1.0.0/16, as rule lobby says"
std::string whom(const Enrolment& enrolment) {
    auto words = enrolment.mac ? enrolment.mac->str() : std::string("every phone");
    if (enrolment.from) {
        words += " in " + enrolment.from->str();
    }
    if (!enrolment.rule.empty()) {
        words += ", as rule " + enrolment.rule + " says";
    }
    return words;
}

bool is_rule_letter(char letter) {
    return letter > ' ' && letter < '\x7f';
}

} // namespace

Status Plan::carry_out(const Rotate& change) {
    const auto* known = device(change.mac);
    if (known == nullptr || !known->is_approved()) {
        return fail(Errc::not_found,
                    "rotate {}: only an approved phone has a token to be changed; approve it, or "
                    "look for a slip in its MAC",
                    change.mac.str());
    }
    orders_.push_back(fmt::format("rotate {}", change.mac.str()));
    auto& target = planned(change.mac);
    ++target.device.generation;
    target.device.keeps_previous = true;
    note(target, Step::rotated, fmt::format("by {}", actor_));
    return {};
}

std::vector<Enrolment> Plan::open_enrolments() const {
    auto open = enrolments_ ? *enrolments_ : before_.enrolments();
    std::erase_if(open, [&](const Enrolment& each) { return is_over(each, now_); });
    return open;
}

Status Plan::carry_out(const OpenEnrolment& change) {
    auto wanted = change.enrolment;
    if (wanted.mac) {
        if (auto valid = check_mac(*wanted.mac); !valid) {
            return valid;
        }
    }
    if (is_over(wanted, now_)) {
        return fail(Errc::malformed,
                    "open enrolment: it must end within {}; open it again when it has ended",
                    base::format_duration(longest_enrolment));
    }
    if (wanted.rule.size() > most_rule ||
        !std::all_of(wanted.rule.begin(), wanted.rule.end(), is_rule_letter)) {
        return fail(Errc::malformed, "open enrolment: a rule is named as in pnp.conf");
    }
    auto open = open_enrolments();
    // The same once more has another end, and does not stand there twice. For one phone the last
    // word holds: who narrows a window with --from does not leave the wider one open beside it.
    std::erase_if(open, [&](const Enrolment& each) {
        return each.mac == wanted.mac && each.rule == wanted.rule &&
               (wanted.mac || each.from == wanted.from);
    });
    if (open.size() >= most_enrolments) {
        return fail(Errc::conflict,
                    "open enrolment: {} are open, and more nobody oversees; close them first",
                    open.size());
    }
    wanted.id = before_.newest_enrolment() + 1;
    for (const auto& each : open) {
        wanted.id = std::max(wanted.id, each.id + 1);
    }
    orders_.push_back(
        fmt::format("open enrolment until {} for {}", base::iso_time(wanted.until), whom(wanted)));
    open.push_back(std::move(wanted));
    enrolments_ = std::move(open);
    return {};
}

Status Plan::carry_out(const CloseEnrolments& /*change*/) {
    orders_.push_back(fmt::format("close enrolment ({} open)", open_enrolments().size()));
    enrolments_.emplace();
    return {};
}

} // namespace inventory
