// SPDX-License-Identifier: MIT
// What a phone says, and what it means: the side of an interaction that listens.
#include "provisioning/wpi/interaction.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/profile/wpi/items.hpp"
#include "provisioning/wpi/release.hpp"
#include "provisioning/wpi/visit.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace wpi {

using inventory::ItemKey;
using inventory::JobKind;
using inventory::JobState;
using inventory::Step;

namespace {

constexpr std::size_t longest_reason = 200; // of strangers' words in results

/// Part of what a phone tells with each call, or of what it tells of a job: no setting, or one that
/// tells of no change.
bool is_basic(std::string_view name) noexcept {
    const auto* row = item_row(name);
    return row != nullptr && (row->basic || row->in_actions);
}

bool is_initial(Reason reason) noexcept {
    return reason != Reason::reply_to && reason != Reason::clean_up && reason != Reason::other;
}

bool is_true(std::string_view value) noexcept {
    return base::iequals(value, "true");
}

/// A setting that the phone has, and that may be kept.
bool is_kept(const Item& item) noexcept {
    return item.status.empty() && !is_secret(item.name) && item.value.size() <= longest_value_kept;
}

void report(News& news, const std::vector<Item>& items) {
    for (const auto& item : items) {
        if (is_kept(item) && news.reported.size() < most_items_kept) {
            news.reported[key_of(item)] = item.value;
        }
    }
}

std::string counted_items(std::size_t many) {
    return fmt::format("{} item{}", many, many == 1 ? "" : "s");
}

std::size_t bytes_of(const std::vector<Item>& items) noexcept {
    std::size_t bytes = 0;
    for (const auto& item : items) {
        bytes += sizeof item + item.name.size() + item.value.size() + item.status.size();
    }
    return bytes;
}

/// What somebody changed at the phone: all that is no basic item (WPI guide p. 40; what the number
/// of attached items counts is unknown, so it is not looked at).
void report_changes(Visit& visit) {
    std::vector<ItemKey> changed;
    for (const auto& item : visit.message.items) {
        // Modules are basic items, and what inventory-changes is about.
        if (is_basic(item.name) && !item.name.ends_with("-modules")) {
            continue;
        }
        changed.push_back(key_of(item));
        if (is_secret(item.name)) {
            visit.news.changed.push_back(key_of(item));
        } else if (is_kept(item)) {
            visit.news.reported[key_of(item)] = item.value;
        }
    }
    if (!changed.empty()) {
        visit.tell(Step::items_changed, names_of(changed));
    }
}

} // namespace

std::string some_of(const std::vector<std::string>& words) {
    constexpr std::size_t most_named = 5;
    std::string out;
    for (std::size_t at = 0; at < std::min(words.size(), most_named); ++at) {
        out += (at == 0 ? "" : ", ") + words[at];
    }
    if (words.size() > most_named) {
        out += fmt::format(" and {} more", words.size() - most_named);
    }
    return out;
}

std::string names_of(const std::vector<ItemKey>& keys) {
    std::vector<std::string> names;
    names.reserve(keys.size());
    std::transform(keys.begin(), keys.end(), std::back_inserter(names),
                   [](const ItemKey& key) { return str(key); });
    return some_of(names);
}

bool is_overdue(const inventory::Job& job,
                base::UnixMs now,
                std::chrono::milliseconds span) noexcept {
    const auto apart = now >= job.changed ? now - job.changed : job.changed - now;
    return apart >= span.count();
}

Turn Interaction::on(const PhoneMessage& message, const World& world) {
    if (message.most_items && *message.most_items > 0) {
        most_items_ = message.most_items;
    }
    auto whole = message;
    Visit visit{whole, world};
    switch (collect(message, whole.items)) {
    case Collected::more:
        return say(visit, Action::get_next_fragment);
    case Collected::too_much:
        visit.tell(Step::call_failed, "its message has too many parts, or they are too large");
        if (job_) {
            end_job(visit, JobState::failed, "the reply is too large");
        }
        return clean_up(visit);
    case Collected::all:
        break;
    }
    if (is_initial(message.reason)) {
        return begin(visit);
    }
    if (message.reason == Reason::clean_up) {
        return gave_up(visit);
    }
    if (message.reason == Reason::reply_to) {
        return replied(visit);
    }
    visit.tell(Step::call_failed,
               fmt::format("it says `{}`, which is no reason for a call that we know",
                           base::printable(message.reason_text, 64)));
    return clean_up(visit);
}

/// What belongs to one message is looked at when all of it is there, so that a part that is lost
/// leaves nothing behind.
Interaction::Collected Interaction::collect(const PhoneMessage& message, std::vector<Item>& whole) {
    const bool goes_on = fragments_ != 0 && message.reason == partial_reason_ &&
                         base::iequals(message.action, partial_action_);
    if (!goes_on) {
        drop_partial();
    }
    const auto bytes = bytes_of(message.items);
    if (message.has_more && (fragments_ + 1 >= most_fragments)) {
        drop_partial();
        return Collected::too_much;
    }
    if (partial_bytes_ + bytes > most_partial_bytes) {
        drop_partial();
        return Collected::too_much;
    }
    if (!message.has_more && fragments_ == 0) {
        return Collected::all;
    }
    partial_.insert(partial_.end(), message.items.begin(), message.items.end());
    if (message.has_more) {
        partial_reason_ = message.reason;
        partial_action_ = message.action;
        partial_bytes_ += bytes;
        ++fragments_;
        return Collected::more;
    }
    whole = std::exchange(partial_, {});
    drop_partial();
    return Collected::all;
}

void Interaction::drop_partial() {
    partial_ = {};
    partial_bytes_ = 0;
    fragments_ = 0;
}

bool Interaction::is_awaiting(const PhoneMessage& message) const noexcept {
    return !begun_ && fragments_ != 0 && message.reason == partial_reason_;
}

Turn Interaction::begin(Visit& visit) {
    const auto& message = visit.message;
    const auto& known = visit.world.known;
    begun_ = true;
    opened_by_ = message.reason;
    firmware_ = base::printable(message.value("software-version"), longest_model); // as it is kept
    software_type_ = message.value("software-type");
    doing_ = Doing::nothing;
    visit.news.has_restarted = message.reason == Reason::start_up;

    // A phone that lost its number lost all of its settings, also those that it never gives back.
    const auto* e164 = message.item("e164");
    const ItemKey number{"e164"};
    if (e164 != nullptr && e164->status.empty()) {
        const auto before = known.reported.find(number);
        if (message.reason == Reason::start_up && e164->value.empty() &&
            before != known.reported.end() && !before->second.empty() &&
            known.written.count(number) != 0) {
            visit.news.forgets_written = true;
            visit.news.must_read_all = true;
            visit.tell(Step::items_changed, "it has no number any more: it was reset");
        }
        visit.news.reported[number] = e164->value;
    }
    const bool is_changed = is_true(message.value("configuration-changed-flag"));
    switch (message.reason) {
    case Reason::start_up:
    case Reason::solicited:
        if (is_changed || known.reported.empty()) {
            visit.news.must_read_all = true;
        }
        break;
    case Reason::local_changes:
        if (is_true(message.value("configuration-attached-flag"))) {
            report_changes(visit);
        } else { // up to V2R1 it does not say what was changed (WPI guide p. 37)
            visit.news.must_read_all = true;
        }
        break;
    case Reason::inventory_changes:
        report_changes(visit);
        break;
    default:
        break;
    }
    if (!firmware_.empty() && !visit.world.firmware.empty() && firmware_ != visit.world.firmware) {
        visit.news.forgets_refused = true;
        visit.news.must_read_all = true;
    }
    look_at_jobs(visit);
    return next(visit);
}

JobNews Interaction::unanswered(const inventory::Job& job) {
    if (job.attempts >= most_attempts) {
        return {job.id, JobState::given_up,
                fmt::format("the phone did not answer {} times", job.attempts)};
    }
    return {job.id, JobState::waiting, "the phone did not answer; it is sent again"};
}

/// What an earlier conversation left with the phone.
void Interaction::look_at_jobs(Visit& visit) {
    const bool is_start = visit.message.reason == Reason::start_up;
    for (const auto& job : visit.world.jobs) {
        if (job.state != JobState::sent) {
            continue;
        }
        switch (job.kind) {
        case JobKind::restart:
        case JobKind::factory_reset:
            if (!is_start) {
                break;
            }
            if (is_overdue(job, visit.world.now, visit.world.policy.restart_timeout)) {
                visit.news.jobs.push_back(
                    {job.id, JobState::given_up, "no confirmation: it did not start in time"});
                break;
            }
            visit.news.jobs.push_back({job.id, JobState::done, "it started again"});
            if (job.kind == JobKind::factory_reset) {
                visit.news.forgets_written = true;
                visit.news.must_read_all = true;
            }
            break;
        case JobKind::deploy:
            if (is_start) {
                visit.news.jobs.push_back(is_firmware(job) ? came_back(visit, job)
                                                           : unanswered(job));
            }
            break;
        case JobKind::read:
        case JobKind::write:
            visit.news.jobs.push_back(unanswered(job));
            break;
        }
    }
    if (visit.message.reason == Reason::status) {
        look_at_deployment(visit);
    }
}

/// A phone that was told of firmware says by its start-up what came of it (WPI guide p. 56). It is
/// not told again by itself: one that cannot take an image would fetch it at each start.
JobNews Interaction::came_back(const Visit& visit, const inventory::Job& job) const {
    const auto* version = value_of(job, "version");
    if (version != nullptr && is_same_firmware(firmware_, *version)) {
        return {job.id, JobState::done, fmt::format("it runs {}", firmware_)};
    }
    if (firmware_.empty() || visit.world.firmware.empty() ||
        is_same_firmware(firmware_, visit.world.firmware)) {
        return {job.id, JobState::failed,
                fmt::format("it started again, and runs {}",
                            firmware_.empty() ? "what it ran" : firmware_)};
    }
    return {job.id, JobState::done_with_errors,
            fmt::format("it runs {}, which is another one", firmware_)};
}

/// The result of a file (WPI guide p. 54, 245).
void Interaction::look_at_deployment(Visit& visit) {
    const auto& message = visit.message;
    const auto file = message.value("file-deployment-name");
    const auto status = message.value("file-deployment-status");
    for (const auto& job : visit.world.jobs) {
        const auto* deployed = value_of(job, "file");
        if (job.kind != JobKind::deploy || job.state != JobState::sent || deployed == nullptr ||
            *deployed != file) {
            continue;
        }
        const bool is_ok = base::iequals(status, "ok");
        if (is_ok && is_firmware(job)) { // what it runs says its start-up
            visit.news.jobs.push_back({job.id, JobState::sent, "it has the image"});
            return;
        }
        visit.news.jobs.push_back(
            {job.id, is_ok ? JobState::done : JobState::failed,
             is_ok ? fmt::format("{} is on the phone", base::printable(file, 64))
                   : fmt::format("the phone says: {}", base::printable(status, 64))});
        return;
    }
}

Turn Interaction::replied(Visit& visit) {
    const auto& message = visit.message;
    const auto expected = [&]() -> std::string_view {
        switch (doing_) {
        case Doing::reading_all:
            return name(Action::read_all_items);
        case Doing::reading:
            return name(Action::read_items);
        case Doing::writing:
            return name(Action::write_items);
        case Doing::deploying:
            return name(Action::file_deployment);
        case Doing::upgrading:
            return name(Action::software_deployment);
        case Doing::nothing:
            break;
        }
        return {};
    }();
    if (expected.empty() || (!message.action.empty() && !base::iequals(message.action, expected))) {
        visit.tell(Step::call_failed, fmt::format("it answered {}, and was told {}",
                                                  base::printable(message.action, 32),
                                                  expected.empty() ? "nothing" : expected));
        return clean_up(visit);
    }
    switch (message.outcome) {
    case Outcome::failed:
        return failed(visit);
    case Outcome::busy:
        return busy(visit);
    case Outcome::accepted:
        break;
    }
    return accepted(visit);
}

Turn Interaction::accepted(Visit& visit) {
    const auto doing = std::exchange(doing_, Doing::nothing);
    switch (doing) {
    case Doing::reading_all:
        took_all(visit);
        break;
    case Doing::reading:
        read_some(visit);
        break;
    case Doing::writing:
        took_items(visit);
        break;
    case Doing::deploying:
    case Doing::upgrading: // of a file its `status` says how it went, of firmware its start-up
        job_.reset();      // (whether this comes before them is unknown)
        return clean_up(visit);
    case Doing::nothing:
        break;
    }
    return next(visit);
}

void Interaction::took_all(Visit& visit) {
    visit.news.replaces_reported = true;
    visit.news.must_read_all = false;
    report(visit.news, visit.message.items);
    has_read_all_ = true;
    visit.tell(Step::items_read, fmt::format("all items, {} of them", visit.message.items.size()));
    if (job_) {
        end_job(visit, JobState::done, counted_items(visit.message.items.size()));
    }
}

void Interaction::read_some(Visit& visit) {
    report(visit.news, visit.message.items);
    std::vector<ItemKey> read;
    for (const auto& item : visit.message.items) {
        if (item.status.empty()) {
            read.push_back(key_of(item));
        } else {
            job_problems_.push_back(str(key_of(item)));
        }
    }
    job_done_ += read.size();
    if (!read.empty()) {
        visit.tell(Step::items_read, names_of(read));
    }
    if (has_more(visit)) {
        return;
    }
    const bool is_well = job_problems_.empty();
    end_job(visit, is_well ? JobState::done : JobState::done_with_errors,
            is_well ? counted_items(job_done_)
                    : fmt::format("{}; not {}", counted_items(job_done_), some_of(job_problems_)));
}

/// Of the items of the job that is with the phone.
bool Interaction::has_more(const Visit& visit) const {
    const auto* job = job_ ? visit.job(*job_) : nullptr;
    return job != nullptr && job_offered_.size() < job->items.size();
}

/// Of a reply to WriteItems only the items with problems are listed (WPI guide p. 78, 81, 83).
void Interaction::took_items(Visit& visit) {
    std::map<ItemKey, std::string> problems;
    for (const auto& item : visit.message.items) {
        if (!item.status.empty()) {
            problems.emplace(key_of(item), base::printable(item.status, 64));
        }
    }
    std::vector<ItemKey> taken;
    std::vector<std::string> refused;
    for (const auto& sent : sent_) {
        visit.news.written[sent.key] = sent.digest;
        const auto problem = problems.find(sent.key);
        if (problem != problems.end()) {
            visit.news.refused[sent.key] = problem->second;
            refused.push_back(fmt::format("{}: {}", str(sent.key), problem->second));
            continue;
        }
        taken.push_back(sent.key);
        visit.news.taken.push_back(sent.key);
        if (!is_secret(sent.key.name) && sent.value.size() <= longest_value_kept) {
            visit.news.reported[sent.key] = sent.value;
        }
    }
    sent_.clear();
    if (!taken.empty()) {
        visit.tell(Step::items_written, names_of(taken));
    }
    if (!refused.empty()) {
        visit.tell(Step::items_refused, some_of(refused));
    }
    if (!job_) {
        return;
    }
    job_problems_.insert(job_problems_.end(), refused.begin(), refused.end());
    if (has_more(visit)) {
        return;
    }
    const bool is_well = job_problems_.empty();
    end_job(visit, is_well ? JobState::done : JobState::done_with_errors,
            is_well ? counted_items(job_offered_.size())
                    : fmt::format("not taken: {}", some_of(job_problems_)));
}

/// Refused as a whole or not supported: not tried again by itself.
Turn Interaction::failed(Visit& visit) {
    const auto doing = std::exchange(doing_, Doing::nothing);
    for (const auto& sent : sent_) {
        visit.news.written[sent.key] = sent.digest;
        visit.news.refused[sent.key] = "failed";
    }
    sent_.clear();
    if (job_) {
        end_job(visit, JobState::failed, "the phone says: failed");
    } else if (doing == Doing::writing) {
        visit.tell(Step::items_refused, "all of them: failed");
    } else {
        visit.tell(Step::call_failed, "it does not tell what it has: failed");
    }
    return clean_up(visit);
}

/// In a call it takes nothing (WPI guide p. 30, 46). It forgets the action, so we do not.
Turn Interaction::busy(Visit& visit) {
    doing_ = Doing::nothing;
    sent_.clear();
    if (job_) {
        const auto* job = visit.job(*job_);
        const bool is_hopeless =
            job != nullptr && job->busy_since != 0 &&
            visit.world.now - job->busy_since >= visit.world.policy.busy_give_up.count();
        end_job(visit, is_hopeless ? JobState::given_up : JobState::waiting,
                is_hopeless ? "the phone was busy each time" : "the phone is busy: in a call");
        visit.news.jobs.back().is_busy = true;
    } else {
        visit.tell(Step::items_refused, "all of them: it is busy, in a call");
    }
    std::vector<Item> items;
    const bool remembers = remembers_to_call(firmware_);
    if (remembers) {
        items.push_back({"send-solicited", std::nullopt, "true"});
    }
    auto turn = clean_up(visit, std::move(items));
    turn.is_to_be_asked_again = !remembers;
    return turn;
}

Turn Interaction::gave_up(Visit& visit) {
    const auto why = base::printable(visit.message.value("cleanup-reason"), longest_reason);
    visit.tell(Step::call_failed, why.empty() ? "it gave up, and does not say why" : why);
    if (job_) {
        end_job(visit, JobState::failed,
                why.empty() ? "the phone gave up" : fmt::format("the phone gave up: {}", why));
    }
    return clean_up(visit);
}

void Interaction::end_job(Visit& visit, JobState state, std::string result) {
    if (const auto id = std::exchange(job_, std::nullopt)) {
        visit.news.jobs.push_back({*id, state, std::move(result)});
    }
}

Turn Interaction::say(Visit& visit, Action action, std::vector<Item> items) const {
    Turn turn;
    turn.message = {visit.message.nonce, action, std::move(items)};
    turn.news = std::move(visit.news);
    return turn;
}

Turn Interaction::clean_up(Visit& visit, std::vector<Item> items) {
    auto turn = say(visit, Action::clean_up, std::move(items));
    turn.is_last = true;
    return turn;
}

} // namespace wpi
