// SPDX-License-Identifier: MIT
#include "provisioning/admin/facts.hpp"

#include "provisioning/admin/tell.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>

namespace admin {

using inventory::Event;
using inventory::Stage;
using inventory::Step;

int Facts::at(Step step) const noexcept {
    for (std::size_t i = timeline.size(); i > 0; --i) {
        if (timeline[i - 1].step == step) {
            return static_cast<int>(i - 1);
        }
    }
    return -1;
}

const Event* Facts::last(Step step) const noexcept {
    const int place = at(step);
    return place < 0 ? nullptr : &timeline[static_cast<std::size_t>(place)];
}

bool Facts::is_newer(Step step, std::initializer_list<Step> others) const noexcept {
    return happened(step) && std::all_of(others.begin(), others.end(),
                                         [&](Step other) { return at(other) < at(step); });
}

base::UnixMs Facts::since(Step step) const noexcept {
    const Event* event = last(step);
    return event == nullptr ? 0 : around.now - event->last;
}

std::string Facts::detail(Step step) const {
    const Event* event = last(step);
    return event == nullptr ? std::string() : shown_name(event->detail);
}

bool Facts::detail_has(Step step, std::string_view lower_case_word) const {
    return base::lower(detail(step)).find(lower_case_word) != std::string::npos;
}

std::string Facts::address(Step step) const {
    const Event* event = last(step);
    return event == nullptr || event->address.empty() ? "its address"
                                                      : base::printable(event->address, 60);
}

bool Facts::is_from_phone(Step step) const {
    const Event* event = last(step);
    return event != nullptr && event->address == device.seen.address.str();
}

bool Facts::is_held() const noexcept {
    return is_newer(Step::held, {Step::offered, Step::waited_too_long}) &&
           around.now - since(Step::held) > around.holds_since;
}

bool Facts::is_htek() const {
    return base::istarts_with(device.seen.vendor, "htek");
}

bool Facts::starts_by_tftp() const noexcept {
    return around.vendor != nullptr && !around.vendor->tftp_file.empty();
}

bool Facts::is_caller() const noexcept {
    return last_contact() != 0 ||
           (around.vendor != nullptr && around.vendor->items_step() != nullptr);
}

bool Facts::may_be_caller() const noexcept {
    // Its maker uses them for much else, so they are a hint for people, and no more.
    return around.vendor == nullptr && (!device.was_heard() || only_leased()) &&
           (device.mac.str().starts_with("001ae8") || device.mac.str().starts_with("0001e3"));
}

base::UnixMs Facts::last_contact() const noexcept {
    return around.calls.phone ? around.calls.phone->last_contact : 0;
}

bool Facts::is_polling() const noexcept {
    const auto& next = around.calls.next_poll;
    return next && around.now < *next + 10 * minute;
}

base::UnixMs Facts::fetch_time() const {
    return is_htek() ? 5 * minute : minute;
}

std::string Facts::file() const {
    for (auto event = timeline.rbegin(); event != timeline.rend(); ++event) {
        const bool is_named = event->step == Step::file_served ||
                              (event->step == Step::file_refused &&
                               event->detail.find(" cannot be made") != std::string::npos);
        if (is_named) {
            return base::printable(event->detail.substr(0, event->detail.find_first_of(" :")));
        }
    }
    return "FILENAME";
}

bool Facts::fetched_since_offer() const noexcept {
    return is_newer(Step::file_served, {Step::offered}) ||
           is_newer(Step::file_missing, {Step::offered}) ||
           is_newer(Step::file_refused, {Step::offered}) ||
           is_newer(Step::configured, {Step::offered}) ||
           is_newer(Step::boot_served, {Step::offered}) ||
           (is_newer(Step::token_refused, {Step::offered}) && is_from_phone(Step::token_refused));
}

bool Facts::asks_again() const noexcept {
    return is_newer(Step::guest_served, {Step::heard, Step::offered, Step::boot_served,
                                         Step::file_served, Step::configured});
}

bool Facts::only_leased() const noexcept {
    constexpr Step quiet[] = {Step::leased,   Step::lease_ended, Step::approved, Step::blocked,
                              Step::assigned, Step::unassigned,  Step::rotated};
    return happened(Step::leased) && device.seen.stage == Stage::heard && !device.is_configured() &&
           std::all_of(timeline.begin(), timeline.end(), [&](const Event& event) {
               return std::find(std::begin(quiet), std::end(quiet), event.step) != std::end(quiet);
           });
}

bool Facts::only_offered() const noexcept {
    return happened(Step::offered) && !fetched_since_offer() && device.seen.stage <= Stage::offered;
}

} // namespace admin
