// SPDX-License-Identifier: MIT
// The words for a device's state and for the steps of its life.
#include "provisioning/inventory/device.hpp"

#include <array>
#include <utility>

namespace inventory {

namespace {

constexpr std::array<std::pair<Step, std::string_view>, 53> step_names = {{
    {Step::heard, "heard"},
    {Step::leased, "leased"},
    {Step::lease_ended, "lease_ended"},
    {Step::held, "held"},
    {Step::offered, "offered"},
    {Step::notify_accepted, "notify_accepted"},
    {Step::notify_refused, "notify_refused"},
    {Step::notify_timeout, "notify_timeout"},
    {Step::waited_too_long, "waited_too_long"},
    {Step::file_served, "file_served"},
    {Step::file_missing, "file_missing"},
    {Step::file_refused, "file_refused"},
    {Step::configured, "configured"},
    {Step::approved, "approved"},
    {Step::blocked, "blocked"},
    {Step::assigned, "assigned"},
    {Step::unassigned, "unassigned"},
    {Step::resync_sent, "resync_sent"},
    {Step::resync_answered, "resync_answered"},
    {Step::resync_failed, "resync_failed"},
    {Step::registered, "registered"},
    {Step::lost, "lost"},
    {Step::register_refused, "register_refused"},
    {Step::token_refused, "token_refused"},
    {Step::neighbour_mismatch, "neighbour_mismatch"},
    {Step::claim_refused, "claim_refused"},
    {Step::rival_heard, "rival_heard"},
    {Step::limited, "limited"},
    {Step::rotated, "rotated"},
    {Step::boot_served, "boot_served"},
    {Step::guest_served, "guest_served"},
    {Step::url_shared, "url_shared"},
    {Step::heard_outside, "heard_outside"},
    {Step::firmware_offered, "firmware_offered"},
    {Step::firmware_fetched, "firmware_fetched"},
    {Step::firmware_runs, "firmware_runs"},
    {Step::firmware_failed, "firmware_failed"},
    {Step::called, "called"},
    {Step::call_failed, "call_failed"},
    {Step::items_read, "items_read"},
    {Step::items_changed, "items_changed"},
    {Step::items_written, "items_written"},
    {Step::items_refused, "items_refused"},
    {Step::secret_sent, "secret_sent"},
    {Step::secret_withheld, "secret_withheld"},
    {Step::contact_asked, "contact_asked"},
    {Step::contact_failed, "contact_failed"},
    {Step::poll_unheeded, "poll_unheeded"},
    {Step::job_added, "job_added"},
    {Step::job_done, "job_done"},
    {Step::job_failed, "job_failed"},
    {Step::made_guest, "made_guest"},
    {Step::pin_refused, "pin_refused"},
}};

} // namespace

std::string_view Device::state() const noexcept {
    if (approval == Approval::blocked) {
        return "blocked";
    }
    if (approval == Approval::pending) {
        return "pending";
    }
    switch (seen.stage) {
    case Stage::heard:
        return "approved";
    case Stage::offered:
        return "offered";
    case Stage::fetching:
        return "fetching";
    case Stage::configured:
        return "configured";
    case Stage::registered:
        return "registered";
    }
    return "approved";
}

std::string_view name(Step step) noexcept {
    for (const auto& [candidate, text] : step_names) {
        if (candidate == step) {
            return text;
        }
    }
    return "unknown";
}

std::optional<Step> step_named(std::string_view name) noexcept {
    for (const auto& [candidate, text] : step_names) {
        if (text == name) {
            return candidate;
        }
    }
    return std::nullopt;
}

} // namespace inventory
