// SPDX-License-Identifier: MIT
// One sentence for each step of a device's life.
#include "provisioning/admin/sentences.hpp"

#include "provisioning/admin/tell.hpp"
#include "provisioning/base/text.hpp"

#include <fmt/format.h>

namespace admin {
namespace {

using inventory::Step;

std::string_view what(Step step) noexcept {
    switch (step) {
    case Step::heard:
        return "asked for its configuration (SUBSCRIBE)";
    case Step::leased:
        return "got this address by DHCP";
    case Step::lease_ended:
        return "has this address no longer (DHCP)";
    case Step::held:
        return "was answered and got no URL yet";
    case Step::offered:
        return "was sent its URL (NOTIFY)";
    case Step::notify_accepted:
        return "took the URL";
    case Step::notify_refused:
        return "refused the URL";
    case Step::notify_timeout:
        return "did not answer the NOTIFY with the URL";
    case Step::waited_too_long:
        return "waited in vain for a decision";
    case Step::file_served:
        return "got its file";
    case Step::file_missing:
        return "asked for a file that its profile does not have (404 on purpose)";
    case Step::file_refused:
        return "was refused a file";
    case Step::configured:
        return "holds its configuration";
    case Step::approved:
        return "was approved";
    case Step::blocked:
        return "was blocked";
    case Step::assigned:
        return "was given its lines";
    case Step::unassigned:
        return "was left without lines";
    case Step::resync_sent:
        return "was asked to fetch its configuration again";
    case Step::resync_answered:
        return "answered the resync";
    case Step::resync_failed:
        return "did not follow the resync";
    case Step::registered:
        return "registered at the PBX";
    case Step::lost:
        return "is no longer registered at the PBX";
    case Step::register_refused:
        return "was refused by the PBX when it wanted to register";
    case Step::token_refused:
        return "tried a token that is no longer valid, or not its own";
    case Step::neighbour_mismatch:
        return "is not who answers at its address";
    case Step::claim_refused:
        return "got nothing, because two phones claim this MAC";
    case Step::rival_heard:
        return "answered this phone too: there is another server";
    case Step::limited:
        return "was slowed down";
    case Step::rotated:
        return "was given a new token";
    case Step::boot_served:
        return "got a file without secrets that names its own URL";
    case Step::guest_served:
        return "got a file without secrets that makes it ask again";
    case Step::url_shared:
        return "used a URL that another address uses too";
    case Step::heard_outside:
        return "asked from an address outside the network here, and got no answer";
    case Step::firmware_offered:
        return "was told to fetch firmware";
    case Step::firmware_fetched:
        return "asked for the firmware's file";
    case Step::firmware_runs:
        return "came back with firmware";
    case Step::firmware_failed:
        return "did not come back with the firmware it was told to fetch; it is told again in a "
               "day, or by `pnp resync`";
    case Step::called:
        return "called (Workpoint Interface)";
    case Step::call_failed:
        return "broke a call off";
    case Step::items_read:
        return "reported what it has";
    case Step::items_changed:
        return "reported what was changed on it";
    case Step::items_written:
        return "took what was written to it";
    case Step::items_refused:
        return "did not take all that was written to it";
    case Step::secret_sent:
        return "was given its passwords";
    case Step::secret_withheld:
        return "was not given its passwords";
    case Step::contact_asked:
        return "was asked to call";
    case Step::contact_failed:
        return "was asked to call in vain";
    case Step::poll_unheeded:
        return "polls, is told to call, and does not";
    case Step::job_added:
        return "has a job waiting for its next call";
    case Step::job_done:
        return "carried out a job";
    case Step::job_failed:
        return "did not carry out a job";
    case Step::made_guest:
        return "was made a guest";
    case Step::pin_refused:
        return "was not claimed";
    }
    return "did something";
}

} // namespace

std::string sentence(const inventory::Event& event, base::UnixMs now) {
    std::string out = fmt::format("{} {} {}", local_time(event.first, now),
                                  event.address.empty() ? "it" : base::printable(event.address, 60),
                                  what(event.step));
    if (!event.detail.empty()) {
        out += ": " + shown_name(event.detail);
    }
    if (event.count > 1) {
        out += fmt::format(" ({} times, last {})", event.count, local_time(event.last, now));
    }
    return out;
}

} // namespace admin
