// SPDX-License-Identifier: MIT
// What conversations leave behind: items, jobs, steps of the timeline, files for phones to fetch.
#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/serve/file_body.hpp"
#include "provisioning/wpi/service.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

namespace wpi {

using inventory::Job;
using inventory::JobKind;
using inventory::JobState;
using inventory::Step;
using serve::Request;
using serve::Response;

namespace {

constexpr auto between_looks_at_jobs = std::chrono::seconds(15);

/// By the ends of their names, as others in the field serve them to such phones.
std::string_view type_of(std::string_view name) noexcept {
    const auto ends = [&](std::string_view with) {
        return name.size() > with.size() &&
               base::iequals(name.substr(name.size() - with.size()), with);
    };
    return ends(".mp3")                    ? "audio/mpeg"
           : ends(".wav")                  ? "audio/x-wav"
           : ends(".png")                  ? "image/png"
           : ends(".jpg") || ends(".jpeg") ? "image/jpeg"
           : ends(".bmp")                  ? "image/bmp"
           : ends(".txt")                  ? "text/plain"
                                           : "application/octet-stream";
}

} // namespace

std::vector<Job> Service::open_jobs(base::Mac mac) const {
    auto jobs = inventory_.workpoints().jobs(mac);
    std::erase_if(jobs, [](const Job& job) { return has_ended(job.state); });
    return jobs;
}

void Service::tell(base::Mac mac, base::Ipv4 source, const StepNews& news, bool is_proven) {
    count_.secrets_sent += news.step == Step::secret_sent ? 1 : 0;
    if (is_proven || news.step == Step::secret_sent) {
        diary_.note(mac, news.step, source, news.text);
    } else { // whoever calls in a phone's name cannot push older events out of its timeline
        diary_.rumour(mac, news.step, source, news.text);
    }
}

/// False: something that the answer would set going may not be.
bool Service::store(const Session& session, const News& news, bool is_proven) {
    const auto mac = session.mac;
    const auto now = clock_.unix_ms();
    inventory_.workpoints().update(mac, [&](inventory::Workpoint& phone) {
        phone.last_contact = now;
        apply(news, phone);
    });
    if (!news.restored.empty()) {
        restores_.add(mac, news.restored, now);
    }
    for (const auto& step : news.steps) {
        if (step.step == Step::secret_sent && !session.window) {
            spend_windows(mac);
        }
        tell(mac, session.source, step, is_proven);
    }
    for (const auto& [key, status] : news.refused) {
        const auto* row = item_row(key.name);
        if (row != nullptr && row->each_start && diary_.may_complain()) {
            base::log::warn("wpi", "{} does not take {} ({}): it will not poll as it should",
                            mac.str(), key.name, status);
        }
    }
    return store_jobs(mac, news.jobs);
}

/// Once is once: what a phone got where its network shows it, no window gives to a caller
/// elsewhere.
void Service::spend_windows(base::Mac mac) {
    const auto now = clock_.unix_ms();
    const auto snapshot = inventory_.now();
    for (const auto& window : snapshot.enrolments()) {
        if (window.mac != mac || is_over(window, now) ||
            inventory_.workpoints().is_window_spent(mac, window.id)) {
            continue;
        }
        const auto spent = inventory_.workpoints().spend_window(mac, window.id);
        if (!spent && diary_.may_complain()) {
            base::log::warn("wpi",
                            "{} has its passwords, and its enrolment window is open still: "
                            "{}; to close it: pnp enrol stop",
                            mac.str(), spent.error().what);
        }
    }
}

bool Service::store_jobs(base::Mac mac, const std::vector<JobNews>& news) {
    std::map<std::int64_t, JobNews> last; // of what one message did with a job
    for (const auto& one : news) {
        last[one.id] = one;
    }
    for (const auto& [id, one] : last) {
        const auto now = clock_.unix_ms();
        const auto stored = inventory_.workpoints().update_job(id, [&, &is = one](Job& job) {
            job.state = is.state;
            job.result = is.result;
            job.changed = now;
            job.attempts += is.was_sent ? 1 : 0;
            if (is.is_busy) {
                job.attempts = 0;
                job.busy_since = job.busy_since != 0 ? job.busy_since : now;
            }
        });
        if (!stored) {
            if (one.was_sent) {
                return false;
            }
            if (diary_.may_complain()) {
                base::log::warn("wpi", "{}: {}", mac.str(), stored.error().what);
            }
            continue;
        }
        if (has_ended(one.state)) {
            const bool is_done =
                one.state == JobState::done || one.state == JobState::done_with_errors;
            inventory_.note(mac, is_done ? Step::job_done : Step::job_failed, "",
                            fmt::format("job {}: {}", id, one.result));
        }
    }
    return true;
}

base::Result<std::string> Service::file_url(const ServiceSettings& with,
                                            base::Endpoint local,
                                            const Session& session,
                                            const Job& job) {
    const auto* file = value_of(job, "file");
    const auto name = file != nullptr ? *file : std::string();
    if (auto wrong = wrong_file_name(name)) {
        return base::fail(base::Errc::refused, "{}", *wrong);
    }
    if (const auto body = serve::FileBody::open(with.file_folder, name); !body) {
        return tl::unexpected(body.error());
    }
    const auto now = clock_.unix_ms();
    const auto life =
        inventory::is_firmware(job) ? with.policy.firmware_timeout : with.policy.file_timeout;
    auto token = tickets_.add({session.mac, job.id, name, session.source, now + life.count()}, now);
    if (!token) {
        return token;
    }
    return fmt::format("https://{}:{}{}{}/{}", local.address.str(), local.port, files_path, *token,
                       name);
}

/// /files/TOKEN/NAME. Whatever does not fit is one and the same 404.
Response Service::file(const Request& request) {
    const auto rest = std::string_view(request.path).substr(files_path.size());
    const auto slash = rest.find('/');
    if (slash == std::string_view::npos) {
        return {};
    }
    const auto ticket = tickets_.find(std::string(rest.substr(0, slash)), clock_.unix_ms());
    const auto name = rest.substr(slash + 1);
    const auto snapshot = inventory_.now();
    const auto* device = ticket ? snapshot.device(ticket->mac) : nullptr;
    if (!ticket || ticket->file != name || ticket->source != request.peer.address ||
        device == nullptr || !device->is_approved()) {
        return {};
    }
    auto body = serve::FileBody::open(settings().with->file_folder, ticket->file);
    if (!body) {
        inventory_.note(ticket->mac, Step::file_refused, request.peer.address.str(),
                        body.error().what);
        return {};
    }
    if (request.method == "GET") {
        inventory_.note(ticket->mac, Step::file_served, request.peer.address.str(),
                        fmt::format("{} of job {}", serve::Diary::shown(name), ticket->job));
    }
    Response response;
    response.status = 200;
    response.content_type = type_of(name);
    response.last_modified = (*body)->modified();
    response.file = std::move(*body);
    return response;
}

void Service::look_after() {
    broke_off(sessions_.expire());
    tickets_.expire(clock_.unix_ms());
    {
        const auto now = clock_.now();
        const std::lock_guard hold(lock_);
        if (jobs_seen_ != base::Steady{} && now - jobs_seen_ < between_looks_at_jobs) {
            return;
        }
        jobs_seen_ = now;
    }
    look_after_jobs();
}

void Service::broke_off(const std::vector<std::shared_ptr<Session>>& sessions) {
    for (const auto& session : sessions) {
        fell_silent(*session);
        ended(session->mac, Ending::open);
    }
}

/// Its conversation ended without a last word.
void Service::fell_silent(Session& session) {
    const std::unique_lock talking(session.talking, std::try_to_lock);
    if (!talking) {
        return; // it is being answered at this moment; its job is looked after with the others
    }
    const auto id = session.interaction.job();
    const auto job = id ? inventory_.workpoints().job(*id) : std::nullopt;
    if (job && job->kind == JobKind::deploy) {
        return; // it fetches the file, and says how that went in a call of its own
    }
    // Where it has called again, that call has the job.
    if (job && job->state == JobState::sent && !sessions_.has(session.mac)) {
        store_jobs(session.mac, {Interaction::unanswered(*job)});
    }
    diary_.rumour(session.mac, Step::call_failed, session.source,
                  "it fell silent before the end of its call");
}

void Service::look_after_jobs() {
    const auto now = clock_.unix_ms();
    const auto policy = settings().with->policy;
    for (const auto& job : inventory_.workpoints().jobs_sent()) {
        if (sessions_.has(job.mac)) {
            continue;
        }
        switch (job.kind) {
        case JobKind::restart:
        case JobKind::factory_reset:
            if (is_overdue(job, now, policy.restart_timeout)) {
                store_jobs(job.mac,
                           {{job.id, JobState::given_up,
                             "no confirmation: the phone did not call after its restart"}});
            }
            break;
        case JobKind::deploy:
            if (is_overdue(job, now,
                           inventory::is_firmware(job) ? policy.firmware_timeout
                                                       : policy.file_timeout)) {
                store_jobs(job.mac, {{job.id, JobState::given_up,
                                      "no confirmation: the phone does not say how it went"}});
            }
            break;
        case JobKind::read:
        case JobKind::write: // we were restarted in between
            store_jobs(job.mac, {Interaction::unanswered(job)});
            break;
        }
    }
}

} // namespace wpi
