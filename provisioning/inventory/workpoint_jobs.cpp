// SPDX-License-Identifier: MIT
// The queue of jobs: each is on disk before anybody is told of it, and none holds a secret.
#include "provisioning/base/log.hpp"
#include "provisioning/inventory/workpoints_state.hpp"

#include <algorithm>

namespace inventory {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t most_actor = 128;
constexpr std::size_t most_result = 256;
constexpr std::string_view file_item = "file";
constexpr std::string_view type_item = "type";
constexpr std::string_view version_item = "version";

Status check_item(const Job& job,
                  const ItemKey& item,
                  std::string_view value,
                  const std::function<bool(std::string_view)>& is_secret) {
    if (item.name.empty() || item.name.size() > Workpoints::most_name || item.index < -1 ||
        item.name.find('\0') != std::string::npos) {
        return fail(Errc::malformed, "{}: a name has 1 to {} characters, and an index is from 0",
                    describe(job), Workpoints::most_name);
    }
    if (value.size() > Workpoints::most_value || value.find('\0') != std::string::npos) {
        return fail(Errc::malformed, "{}: the value of {} has more than {} bytes, or a zero byte",
                    describe(job), item.name, Workpoints::most_value);
    }
    if (job.kind == JobKind::deploy) {
        return {};
    }
    if (is_secret(item.name)) {
        return fail(Errc::refused,
                    "{} is a secret, which no job reads or writes; what the profile says is "
                    "written when the phone calls in an enrolment window (enrol {} 30m)",
                    item.name, job.mac.str());
    }
    if (job.kind == JobKind::read && !value.empty()) {
        return fail(Errc::malformed, "{}: an item to be read has no value", describe(job));
    }
    return {};
}

Status check_job(const Job& job, const std::function<bool(std::string_view)>& is_secret) {
    const auto& items = job.items;
    if (items.size() > Workpoints::most_items) {
        return fail(Errc::malformed, "{}: at most {} items", describe(job), Workpoints::most_items);
    }
    std::size_t bytes = 0;
    for (const auto& [item, value] : items) {
        if (auto fits = check_item(job, item, value, is_secret); !fits) {
            return fits;
        }
        bytes += item.name.size() + value.size();
    }
    if (bytes > Workpoints::most_item_bytes) {
        return fail(Errc::malformed, "{}: at most {} bytes", describe(job),
                    Workpoints::most_item_bytes);
    }
    const auto has = [&](std::string_view name) {
        const auto found = items.find({std::string(name)});
        return found != items.end() && !found->second.empty();
    };
    switch (job.kind) {
    case JobKind::read:
        return {};
    case JobKind::write:
        return items.empty() ? fail(Errc::malformed, "write: name at least one item") : Status();
    case JobKind::restart:
    case JobKind::factory_reset:
        return items.empty() ? Status()
                             : fail(Errc::malformed, "{}: it has no items", describe(job));
    case JobKind::deploy:
        break;
    }
    const std::size_t words = is_firmware(job) ? 3 : 2;
    return has(file_item) && has(type_item) && items.size() == words &&
                   (words == 2 || has(version_item))
               ? Status()
               : fail(Errc::malformed,
                      "deploy: give one file and its type, and of firmware its version");
}

/// The oldest go first.
bool ended_before(const Job* a, const Job* b) {
    return std::pair(a->changed, a->id) < std::pair(b->changed, b->id);
}

} // namespace

// --- The model -----------------------------------------------------------------------------------

const Job* Workpoints::State::job(std::int64_t id) const {
    const auto holder = holders.find(id);
    return holder == holders.end() ? nullptr : &phones.at(holder->second).jobs.at(id);
}

void Workpoints::State::put_job(Job job) {
    holders[job.id] = job.mac;
    auto& phone = phones[job.mac];
    phone.jobs.insert_or_assign(job.id, std::move(job));
}

void Workpoints::State::drop_old_jobs(Phone& phone) {
    std::vector<const Job*> ended;
    for (const auto& [id, job] : phone.jobs) {
        if (has_ended(job.state)) {
            ended.push_back(&job);
        }
    }
    std::sort(ended.begin(), ended.end(), ended_before);
    for (std::size_t at = 0; at + kept_jobs_per_phone < ended.size(); ++at) {
        const auto id = ended[at]->id;
        holders.erase(id);
        phone.jobs.erase(id);
    }
}

bool Workpoints::has_work(base::Mac mac) const {
    const std::lock_guard guard(state_->guard);
    const auto found = state_->phones.find(mac);
    return found != state_->phones.end() &&
           std::any_of(found->second.jobs.begin(), found->second.jobs.end(), [](const auto& entry) {
               const Job& job = entry.second;
               return job.state == JobState::waiting ||
                      (job.state == JobState::sent &&
                       (job.kind == JobKind::read || job.kind == JobKind::write));
           });
}

std::vector<Job> Workpoints::jobs(base::Mac mac) const {
    std::vector<Job> all;
    const std::lock_guard guard(state_->guard);
    if (const auto found = state_->phones.find(mac); found != state_->phones.end()) {
        for (const auto& [id, job] : found->second.jobs) {
            all.push_back(job);
        }
    }
    return all;
}

std::vector<Job> Workpoints::jobs() const {
    std::vector<Job> all;
    {
        const std::lock_guard guard(state_->guard);
        for (const auto& [mac, phone] : state_->phones) {
            for (const auto& [id, job] : phone.jobs) {
                all.push_back(job);
            }
        }
    }
    std::sort(all.begin(), all.end(), [](const Job& a, const Job& b) { return a.id < b.id; });
    return all;
}

// Both look at all jobs, and copy few: the loop thread waits for the lock.
std::vector<Job> Workpoints::jobs_sent() const {
    std::vector<Job> sent;
    const std::lock_guard guard(state_->guard);
    for (const auto& [id, mac] : state_->holders) {
        if (const auto* job = state_->job(id); job->state == JobState::sent) {
            sent.push_back(*job);
        }
    }
    return sent;
}

std::size_t Workpoints::count_waiting_jobs() const {
    const std::lock_guard guard(state_->guard);
    return static_cast<std::size_t>(
        std::count_if(state_->holders.begin(), state_->holders.end(), [&](const auto& entry) {
            return state_->job(entry.first)->state == JobState::waiting;
        }));
}

std::optional<Job> Workpoints::job(std::int64_t id) const {
    const std::lock_guard guard(state_->guard);
    const auto* found = state_->job(id);
    return found == nullptr ? std::nullopt : std::optional(*found);
}

// --- Decisions -----------------------------------------------------------------------------------

Status Workpoints::State::commit_job(const Job& job,
                                     As as,
                                     std::string_view actor,
                                     std::string_view audit_line) {
    auto& store = *whole().store;
    auto& rows = store.workpoints();
    auto transaction = store.begin(sql::Sync::full);
    if (!transaction) {
        return tl::unexpected(transaction.error());
    }
    auto done = as == As::added ? rows.add_job(job) : rows.put_job(job);
    if (done && has_ended(job.state)) {
        done = rows.drop_old_jobs(job.mac);
    }
    if (done && !audit_line.empty()) {
        done = store.add_audit(job.changed, actor, audit_line);
    }
    if (done) {
        done = transaction->commit();
    }
    if (!done) {
        return done;
    }
    {
        const std::lock_guard hold(guard);
        put_job(job);
        last_job = std::max(last_job, job.id);
        drop_old_jobs(phones.at(job.mac));
    }
    if (!audit_line.empty()) {
        base::log::info("inventory", "{} (by {})", audit_line, actor);
    }
    return {};
}

Result<std::int64_t> Workpoints::add(Job job, std::string_view actor) {
    auto& state = *state_;
    actor = actor.substr(0, most_actor);
    std::function<bool(std::string_view)> is_secret;
    std::function<void(base::Mac)> added;
    {
        const std::lock_guard guard(state.guard);
        is_secret = state.is_secret;
        added = state.added;
    }
    if (auto fits = check_job(job, is_secret); !fits) {
        return tl::unexpected(fits.error());
    }
    {
        const std::lock_guard disk(state.whole().disk); // decisions stand still from here
        if (!state.is_approved(job.mac)) {
            return fail(Errc::refused, "{} is not approved; approve it first", job.mac.str());
        }
        std::size_t waiting = 0;
        for (const auto& each : jobs(job.mac)) {
            if (each.state == JobState::waiting && each.kind == job.kind &&
                each.items == job.items) {
                return each.id;
            }
            waiting += has_ended(each.state) ? 0U : 1U;
        }
        if (waiting >= most_jobs_per_phone) {
            return fail(Errc::conflict,
                        "{} jobs wait for {} already; cancel some, or let the phone call", waiting,
                        job.mac.str());
        }
        const auto now = state.whole().clock.unix_ms();
        {
            const std::lock_guard guard(state.guard);
            job.id = state.last_job + 1;
        }
        job.state = JobState::waiting;
        job.created = now;
        job.changed = now;
        job.attempts = 0;
        job.result.clear();
        auto done = state.commit_job(
            job, State::As::added, actor,
            fmt::format("add job {} for {}: {}", job.id, job.mac.str(), describe(job)));
        if (!done) {
            return fail(done.error().code, "the job was not added: {}", done.error().what);
        }
    }
    state.inventory.note(job.mac, Step::job_added, "",
                         fmt::format("{}: {} by {}", job.id, describe(job), actor));
    if (added) {
        added(job.mac);
    }
    return job.id;
}

void Workpoints::bequeath(base::Mac gone,
                          base::Mac heir,
                          base::UnixMs now,
                          std::vector<Job>& jobs) const {
    const auto waits = [](const Job& job) { return !has_ended(job.state); };
    const auto its_own = this->jobs(heir);
    auto waiting = static_cast<std::size_t>(std::count_if(its_own.begin(), its_own.end(), waits));
    std::int64_t last = 0;
    {
        const std::lock_guard guard(state_->guard);
        last = state_->last_job;
    }
    for (const auto& job : jobs) {
        last = std::max(last, job.id);
        waiting += job.mac == heir ? 1U : 0U;
    }
    for (auto& job : this->jobs(gone)) {
        // What was sent may have been done, and a reset is for the phone that was named.
        const bool is_as_good = job.kind == JobKind::write || job.kind == JobKind::deploy;
        if (job.state == JobState::waiting && is_as_good && waiting < most_jobs_per_phone) {
            ++waiting;
            jobs.push_back(
                {++last, heir, job.kind, std::move(job.items), JobState::waiting, now, now, 0, {}});
        }
    }
}

void Workpoints::take_over(const std::vector<Job>& jobs) {
    const std::lock_guard guard(state_->guard);
    for (const auto& job : jobs) {
        state_->put_job(job);
        state_->last_job = std::max(state_->last_job, job.id);
    }
}

void Workpoints::tell_of(const std::vector<Job>& jobs, std::string_view actor) {
    std::function<void(base::Mac)> added;
    {
        const std::lock_guard guard(state_->guard);
        added = state_->added;
    }
    for (const auto& job : jobs) {
        state_->inventory.note(job.mac, Step::job_added, "",
                               fmt::format("{}: {} by {}", job.id, describe(job), actor));
        if (added) {
            added(job.mac);
        }
    }
}

Status Workpoints::cancel(std::int64_t id, std::string_view actor) {
    auto& state = *state_;
    actor = actor.substr(0, most_actor);
    std::optional<Job> found;
    {
        const std::lock_guard disk(state.whole().disk);
        found = job(id);
        if (!found) {
            return fail(Errc::not_found, "there is no job {}; `show jobs` lists them", id);
        }
        if (has_ended(found->state)) {
            return fail(Errc::conflict, "job {} has ended already ({})", id, name(found->state));
        }
        found->state = JobState::given_up;
        found->changed = state.whole().clock.unix_ms();
        found->result = fmt::format("cancelled by {}", actor);
        auto done = state.commit_job(
            *found, State::As::changed, actor,
            fmt::format("cancel job {} for {}: {}", id, found->mac.str(), describe(*found)));
        if (!done) {
            return fail(done.error().code, "the job was not cancelled: {}", done.error().what);
        }
    }
    state.inventory.note(found->mac, Step::job_failed, "",
                         fmt::format("{}: {}: {}", id, describe(*found), found->result));
    return {};
}

Status Workpoints::update_job(std::int64_t id, const std::function<void(Job&)>& change) {
    auto& state = *state_;
    const std::lock_guard disk(state.whole().disk);
    const auto before = job(id);
    if (!before) {
        return fail(Errc::not_found, "there is no job {} any more", id);
    }
    auto after = *before;
    change(after);
    if (has_ended(before->state) && !has_ended(after.state)) {
        return fail(Errc::conflict, "job {} has ended ({}: {})", id, name(before->state),
                    before->result);
    }
    after.id = before->id;
    after.mac = before->mac;
    after.kind = before->kind;
    after.items = before->items;
    after.created = before->created;
    after.result.resize(std::min(after.result.size(), most_result));
    if (after.state == before->state && after.attempts == before->attempts &&
        after.result == before->result) {
        return {};
    }
    after.changed = state.whole().clock.unix_ms();
    return state.commit_job(after, State::As::changed, {}, {});
}

} // namespace inventory
