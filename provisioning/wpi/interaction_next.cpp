// SPDX-License-Identifier: MIT
// What a phone is told next: the side of an interaction that speaks.
#include "provisioning/wpi/interaction.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/profile/wpi/items.hpp"
#include "provisioning/wpi/release.hpp"
#include "provisioning/wpi/split.hpp"
#include "provisioning/wpi/visit.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace wpi {

using inventory::ItemKey;
using inventory::Job;
using inventory::JobKind;
using inventory::JobState;
using inventory::Step;

namespace {

/// Fixed and published (WPI guide p. 51): it is there so that nobody resets a phone by mistake.
constexpr std::string_view restart_password = "124816";

/// What such phones run that are set up by SIP items; the other kind is `Siemens HFA`.
constexpr std::string_view sip_software = "Siemens SIP";

bool has_secrets(const std::vector<Item>& items) {
    return std::any_of(items.begin(), items.end(),
                       [](const Item& item) { return is_secret(item.name); });
}

std::vector<ItemKey> keys_of(const std::vector<Item>& items) {
    std::vector<ItemKey> keys;
    keys.reserve(items.size());
    for (const auto& item : items) {
        keys.push_back(key_of(item));
    }
    return keys;
}

} // namespace

Turn Interaction::next(Visit& visit) {
    const auto known = visit.known();
    if (known.must_read_all && !has_read_all_ && !job_) {
        doing_ = Doing::reading_all;
        has_read_all_ = true; // once in a conversation
        return say(visit, Action::read_all_items);
    }
    if (auto turn = write_difference(visit, known)) {
        return std::move(*turn);
    }
    const bool is_up_to_date =
        !known.must_read_all && !has_withheld_ && !has_failed_to_render_ && !is_for_next_call_;
    if (auto turn = next_job(visit)) {
        turn->is_up_to_date = is_up_to_date;
        turn->is_through = turn->is_last;
        return std::move(*turn);
    }
    auto turn = clean_up(visit);
    turn.is_up_to_date = is_up_to_date;
    turn.is_through = true;
    return turn;
}

std::optional<Turn> Interaction::write_difference(Visit& visit, const inventory::Workpoint& known) {
    if (known.must_read_all || has_failed_to_render_ || job_) {
        return std::nullopt; // what it has is not known
    }
    const auto& world = visit.world;
    const auto wanted = world.wanted();
    if (!wanted) {
        has_failed_to_render_ = true;
        visit.tell(Step::file_refused,
                   fmt::format("its items cannot be made: {}", wanted.error().what));
        return std::nullopt;
    }
    auto has = known;
    if (visit.news.replaces_reported && is_reset(*wanted, known, world.hash)) {
        visit.news.forgets_written = true;
        visit.news.written.clear();
        visit.tell(Step::items_changed, "it lost where it registers: it was reset");
        has = visit.known();
    }
    auto difference = compare(*wanted, has,
                              {world.hash, world.policy.local_changes,
                               opened_by_ == Reason::start_up, world.may_restore});
    visit.news.written.insert(difference.agreed.begin(), difference.agreed.end());

    const auto was_offered = [&](const Item& item) {
        const auto key = key_of(item);
        const auto last = has.written.find(key);
        const bool is_out = offered_.count(key) != 0;
        // The site changed its mind, or a job wrote something else.
        is_for_next_call_ |=
            is_out && (last == has.written.end() || last->second != world.hash(key, item.value));
        return is_out;
    };
    is_for_next_call_ = false;
    std::erase_if(difference.plain, was_offered);
    std::erase_if(difference.secrets, was_offered);
    std::optional<std::int64_t> window;
    if (!difference.secrets.empty()) {
        const auto verdict = world.secrets();
        if (const auto* withheld = std::get_if<Withheld>(&verdict)) {
            withhold(visit, difference.secrets, withheld->why);
        } else {
            window = std::get<Granted>(verdict).window;
        }
    }
    const auto first_chunk = [&] {
        auto items = difference.plain;
        items.insert(items.end(), difference.secrets.begin(), difference.secrets.end());
        auto chunks = split(items, most_items_);
        return chunks.empty() ? std::vector<Item>{} : std::move(chunks.front());
    };
    auto chunk = first_chunk();
    if (window && has_secrets(chunk)) {
        if (const auto spent = world.spend(*window); !spent) {
            withhold(visit, difference.secrets, spent.error().what);
            chunk = first_chunk();
        }
    }
    if (chunk.empty()) {
        return std::nullopt;
    }
    if (has_secrets(chunk)) {
        visit.tell(Step::secret_sent,
                   window ? "inside its enrolment window" : "the neighbour table shows the phone");
    }
    for (const auto& item : chunk) {
        const auto key = key_of(item);
        offered_.insert(key);
        if (std::find(difference.restored.begin(), difference.restored.end(), key) !=
            difference.restored.end()) {
            visit.news.restored.push_back(key);
        }
    }
    send_items(visit, chunk);
    return say(visit, Action::write_items, std::move(chunk));
}

void Interaction::withhold(Visit& visit, std::vector<Item>& secrets, std::string_view why) {
    if (!std::exchange(has_withheld_, true)) {
        visit.tell(Step::secret_withheld, fmt::format("{}: {}", names_of(keys_of(secrets)), why));
    }
    secrets.clear();
}

void Interaction::send_items(const Visit& visit, const std::vector<Item>& chunk) {
    doing_ = Doing::writing;
    sent_.clear();
    for (const auto& item : chunk) {
        const auto key = key_of(item);
        sent_.push_back({key, is_secret(item.name) ? std::string() : item.value,
                         visit.world.hash(key, item.value)});
    }
}

std::optional<Turn> Interaction::next_job(Visit& visit) {
    if (job_) { // the rest of one that reads or writes
        if (const auto* job = visit.job(*job_)) {
            return next_part(visit, *job);
        }
        job_.reset(); // cancelled meanwhile
    }
    for (const auto& job : visit.world.jobs) {
        if (visit.state(job) != JobState::waiting || started_.count(job.id) != 0) {
            continue;
        }
        started_.insert(job.id);
        job_ = job.id;
        if (auto turn = start(visit, job)) {
            return turn;
        }
    }
    return std::nullopt;
}

std::optional<Turn> Interaction::start(Visit& visit, const Job& job) {
    job_offered_.clear();
    job_done_ = 0;
    job_problems_.clear();
    switch (job.kind) {
    case JobKind::read:
        visit.news.jobs.push_back({job.id, JobState::sent, "", true});
        if (job.items.empty()) {
            doing_ = Doing::reading_all;
            return say(visit, Action::read_all_items);
        }
        return next_part(visit, job);
    case JobKind::write:
        visit.news.jobs.push_back({job.id, JobState::sent, "", true});
        return next_part(visit, job);
    case JobKind::restart:
    case JobKind::factory_reset:
        return restart(visit, job);
    case JobKind::deploy:
        return is_firmware(job) ? upgrade(visit, job) : deploy(visit, job);
    }
    return std::nullopt;
}

/// As much as the phone takes in one message.
std::optional<Turn> Interaction::next_part(Visit& visit, const Job& job) {
    std::vector<Item> rest;
    for (const auto& [key, value] : job.items) {
        // The value of a secret would lie in the queue as it is.
        if (job.kind == JobKind::write && is_secret(key.name)) {
            end_job(visit, JobState::failed, fmt::format("{} is never written by a job", str(key)));
            return std::nullopt;
        }
        if (job_offered_.count(key) == 0) {
            rest.push_back(item_of(key, value));
        }
    }
    auto chunks = split(rest, most_items_);
    if (chunks.empty()) {
        end_job(visit, JobState::done, "there was nothing to write");
        return std::nullopt;
    }
    for (const auto& item : chunks.front()) {
        job_offered_.insert(key_of(item));
    }
    if (job.kind == JobKind::read) {
        doing_ = Doing::reading;
        return say(visit, Action::read_items, std::move(chunks.front()));
    }
    send_items(visit, chunks.front());
    return say(visit, Action::write_items, std::move(chunks.front()));
}

/// Ends the conversation (WPI guide p. 50, 51); the next start-up confirms it.
std::optional<Turn> Interaction::restart(Visit& visit, const Job& job) {
    std::vector<Item> items;
    if (job.kind == JobKind::factory_reset) {
        if (!visit.world.policy.allow_factory_reset) {
            end_job(visit, JobState::failed,
                    "a reset to the factory's settings is not allowed; pnp.conf: "
                    "wpi_factory_reset = yes");
            return std::nullopt;
        }
        items = {{"restart-password", std::nullopt, std::string(restart_password)},
                 {"restart-type", std::nullopt, "FactoryReset"}};
    }
    visit.news.jobs.push_back({job.id, JobState::sent, "it was told to restart", true});
    job_.reset();
    auto turn = say(visit, Action::restart, std::move(items));
    turn.is_last = true;
    return turn;
}

/// One file by its own URL (WPI guide p. 52 to 55), named by the last part of that.
std::optional<Turn> Interaction::deploy(Visit& visit, const Job& job) {
    const auto* type = value_of(job, "type");
    auto url = visit.world.file_url(job);
    if (!url || type == nullptr) {
        end_job(visit, JobState::failed, url ? "it names no type of file" : url.error().what);
        return std::nullopt;
    }
    visit.news.jobs.push_back({job.id, JobState::sent, "it was told to fetch the file", true});
    doing_ = Doing::deploying;
    return say(visit, Action::file_deployment,
               {{"file-https-base-url", std::nullopt, std::move(*url)},
                {"file-type", std::nullopt, *type},
                {"file-priority", std::nullopt, "immediate"}});
}

/// The phone fetches the image and starts with it (WPI guide p. 56, 57); never amid a call, in
/// which it refuses what is not immediate.
std::optional<Turn> Interaction::upgrade(Visit& visit, const Job& job) {
    const auto* version = value_of(job, "version");
    if (version == nullptr) {
        end_job(visit, JobState::failed, "it names no version");
        return std::nullopt;
    }
    if (is_same_firmware(firmware_, *version)) {
        end_job(visit, JobState::done, fmt::format("it runs {} already", *version));
        return std::nullopt;
    }
    if (!software_type_.empty() && !base::iequals(software_type_, sip_software)) {
        end_job(visit, JobState::failed,
                fmt::format("it runs {}, which is not changed into {}",
                            base::printable(software_type_, 64), sip_software));
        return std::nullopt;
    }
    auto url = visit.world.file_url(job);
    if (!url) {
        end_job(visit, JobState::failed, url.error().what);
        return std::nullopt;
    }
    visit.news.jobs.push_back({job.id, JobState::sent, "it was told to fetch the image", true});
    doing_ = Doing::upgrading;
    return say(visit, Action::software_deployment,
               {{"file-https-base-url", std::nullopt, std::move(*url)},
                {"file-type", std::nullopt, "APP"},
                {"file-sw-type", std::nullopt, std::string(sip_software)},
                {"file-sw-version", std::nullopt, *version},
                {"file-priority", std::nullopt, "normal"}});
}

} // namespace wpi
