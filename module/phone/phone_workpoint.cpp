// SPDX-License-Identifier: MIT
// The life of a phone that talks with its service by the Workpoint Interface: start-up, contact-me,
// polls, local changes, files, restarts.
#include "module/phone/phone.hpp"

#include "module/phone/url.hpp"
#include "provisioning/base/crypto.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include <poll.h>
#include <unistd.h>

namespace phone {

namespace {

constexpr int most_rounds = 500; // of one interaction: a service may ask for 200 fragments
constexpr std::size_t most_faults = 100;
constexpr std::size_t largest_image = 128U << 20U;
constexpr std::size_t longest_command = 4096;

/// As file-deployment-date and -time have it.
std::pair<std::string, std::string> date_and_time() {
    const auto seconds = std::time(nullptr);
    std::tm local{};
    localtime_r(&seconds, &local);
    return {fmt::format("{:02}:{:02}:{}", local.tm_mday, local.tm_mon + 1, local.tm_year + 1900),
            fmt::format("{:02}:{:02}:{:02}", local.tm_hour, local.tm_min, local.tm_sec)};
}

/// Guide p. 12 to 14: what an answer must be before its XML counts.
std::string fault_of(const FileAnswer& answer) {
    if (answer.status != 200) {
        return fmt::format("HTTP {}", answer.status);
    }
    if (answer.is_chunked) {
        return "a chunked answer, which firmware up to V2 R2 cannot read";
    }
    if (!answer.has_length) {
        return "an answer without Content-Length";
    }
    return base::istarts_with(answer.content_type, "text/xml") ? ""
                                                               : "an answer that is not text/xml";
}

/// The first pair alone; no attribute is sent back.
std::string cookie_of(const std::string& set_cookie) {
    return std::string(base::trim(set_cookie.substr(0, set_cookie.find(';'))));
}

} // namespace

base::Status Phone::plug_in_contact_port() {
    auto port = ContactPort::open({place_.address, settings_.contact_port});
    if (!port) {
        return tl::unexpected(port.error());
    }
    contact_port_ = std::move(*port);
    settings_.contact_port = contact_port_->port(); // the same one after a restart
    return {};
}

base::Status Phone::plug_in_workpoint() {
    if (auto ready = plug_in_contact_port(); !ready) {
        return ready;
    }
    auto limits = settings_.wpi;
    limits.contact_port = std::to_string(settings_.contact_port);
    if (!flash_.firmware.empty()) {
        settings_.identity.version = flash_.firmware;
    }
    workpoint_.emplace(settings_.identity, place_.address, limits, flash_.values);
    report_.workpoint.emplace();
    workpoint_->restart(); // a power cycle is one
    return {};
}

/// DHCP's word goes before what the service once wrote.
std::optional<Service> Phone::service() const {
    if (settings_.service) {
        return settings_.service;
    }
    const auto host = workpoint_->value_of("dls-addr");
    const auto written = read_service(
        host.empty() ? host : fmt::format("{}:{}", host, workpoint_->value_of("dls-port")));
    return written ? std::optional(*written) : std::nullopt;
}

bool Phone::is_in_call() const {
    return agenda_.in_call || calls_.is_busy();
}

base::Duration Phone::minutes(std::uint64_t count) const {
    return static_cast<std::int64_t>(count) * time_.minute;
}

/// For the whole of one request, in seconds.
int Phone::patience() const {
    return static_cast<int>(std::max<std::int64_t>(settings_.wait.count() / 1000, 1));
}

Exit Phone::start_by_workpoint() {
    for (int starts = 0;; ++starts) {
        lines_.clear();
        next_check_.reset();
        if (!service()) {
            return judge_talk(Talked::nowhere);
        }
        const auto talked = talk("start-up");
        if (talked != Talked::restart || stopped_) {
            return judge_talk(talked);
        }
        if (starts == settings_.max_restarts) {
            return end(Exit::boot_loop,
                       fmt::format("boot loop: {} starts in a row, and each ended with a restart",
                                   starts + 1));
        }
        ++report_.restarts;
    }
}

Exit Phone::judge_talk(Talked talked) {
    const auto minute = minutes(1);
    if (!problem_.empty()) {
        return end(Exit::local_problem, problem_);
    }
    if (talked == Talked::unreachable || talked == Talked::wrong) {
        agenda_.start_at =
            base::steady_now() + minute; // the guide does not say when it tries again
    }
    if (!vendor_.accounts(flash_.values).empty()) {
        return Exit::configured; // a phone that has its items works without the service
    }
    if (stopped_) {
        return end(Exit::no_answer, "stopped by a signal while it talked with the service");
    }
    switch (talked) {
    case Talked::nowhere:
        return end(Exit::no_answer, "it knows no provisioning service: give it one by --dls or "
                                    "--option43, or by contact-me");
    case Talked::unreachable:
        if (distrusts_) {
            return end(Exit::untrusted,
                       fmt::format("the service has no certificate for its address of the CA in "
                                   "{}: give the phone the PBX's own (`pnp show ca`)",
                                   settings_.ca_file));
        }
        return end(
            Exit::no_answer,
            fmt::format("no answer from {} ({}): is the Workpoint Interface switched on there?",
                        report_.url, unreached_));
    case Talked::wrong:
        return end(Exit::no_file, fmt::format("{} answered what no service may: {}", report_.url,
                                              report_.faults.empty() ? "" : report_.faults.back()));
    default:
        return end(Exit::held,
                   fmt::format("held: {} gave it no account; approve the phone, and see `pnp "
                               "explain {}` on the PBX",
                               report_.url, report_.mac));
    }
}

FileAnswer Phone::post(const std::string& message, std::string& cookie, const Service& service) {
    FileRequest request{fmt::format("https://{}/DeploymentService/LoginService", service.str()),
                        {},
                        {},
                        {},
                        patience()};
    request.follows = false;
    request.post = message;
    request.cookie = cookie;
    const auto others = descriptors();
    auto answer = fetcher_->get(request, others, [this] { return hear(); });
    if (!answer.cookie.empty()) {
        cookie = cookie_of(answer.cookie);
    }
    return answer;
}

Phone::Talked Phone::talk(std::string_view reason) {
    auto& report = *report_.workpoint;
    auto service = std::exchange(agenda_.elsewhere, std::nullopt);
    if (!service) {
        service = this->service();
    }
    ++report.interactions;
    report_.url = fmt::format("https://{}", service->str());
    trace_.step("{} → {}", reason, service->str());
    const auto talked = converse(workpoint_->begin(reason), *service);
    fetcher_->hang_up();
    keep_flash();
    if (report.interactions == 1) {
        report.first = std::chrono::duration_cast<std::chrono::milliseconds>(base::steady_now() -
                                                                             time_.started);
    }
    report.unreachable += talked == Talked::unreachable && !stopped_ ? 1 : 0;
    report.wrong += talked == Talked::wrong ? 1 : 0;
    agenda_.not_before =
        talked == Talked::unreachable ? base::steady_now() + minutes(1) : base::Steady();
    plan_poll();
    return talked;
}

Phone::Talked Phone::converse(std::string message, const Service& service) {
    std::string cookie; // a new interaction has none
    bool complained = false;
    for (int round = 0; round < most_rounds; ++round) {
        const auto answer = post(message, cookie, service);
        if (answer.status == 0 || stopped_) {
            distrusts_ = answer.untrusted;
            unreached_ = answer.error;
            trace_.step("  no answer: {}", answer.error);
            return Talked::unreachable;
        }
        auto fault = fault_of(answer);
        base::Result<WpiStep> step = WpiStep{};
        if (fault.empty()) {
            step = workpoint_->take(answer.body, is_in_call());
            fault = step ? "" : base::printable(step.error().what);
        }
        if (complained || !fault.empty()) {
            if (!fault.empty()) {
                trace_.step("  ← wrong: {}", fault);
                remember_fault(fault);
            }
            if (complained || answer.status != 200) {
                return Talked::wrong;
            }
            complained = true;
            message = workpoint_->complaint(fault);
            continue;
        }
        const auto ended = take_step(*step, message);
        if (ended) {
            return *ended;
        }
    }
    remember_fault("a conversation without an end");
    return Talked::wrong;
}

/// None while the conversation goes on with `message`.
std::optional<Phone::Talked> Phone::take_step(WpiStep& step, std::string& message) {
    switch (step.kind) {
    case WpiStep::Kind::send:
        message = std::move(step.message);
        return std::nullopt;
    case WpiStep::Kind::end:
        trace_.step("  ← CleanUp: {}", told_counts());
        return Talked::done;
    case WpiStep::Kind::restart:
        trace_.step("  ← Restart");
        workpoint_->restart();
        return Talked::restart;
    case WpiStep::Kind::factory_reset:
        trace_.step("  ← Restart, with factory reset");
        flash_ = Flash{{}, {}, {}, flash_.firmware};
        workpoint_->reset();
        return Talked::restart;
    case WpiStep::Kind::upgrade:
    case WpiStep::Kind::fetch:
        break;
    }
    const auto& first = step.files.front();
    const bool is_firmware = step.kind == WpiStep::Kind::upgrade;
    const auto [date, time] = date_and_time();
    bool ok = true;
    for (const auto& file : step.files) {
        ok = file.deletes || fetch_deployed(file, is_firmware);
        if (!is_firmware) {
            workpoint_->keep(file, ok, date, time);
        }
    }
    if (is_firmware && ok) {
        trace_.step("  firmware {}: restarting with it", base::printable(first.version, 40));
        settings_.identity.version = flash_.firmware = first.version;
        workpoint_->rename(first.version);
        workpoint_->restart();
        return Talked::restart;
    }
    if (!first.index.empty()) {
        return Talked::done; // several files have no status (guide p. 55)
    }
    message = workpoint_->status(first, ok, date, time);
    return std::nullopt;
}

bool Phone::fetch_deployed(const Deployment& file, bool is_firmware) {
    FileRequest request{file.url, {}, {}, {}, patience()};
    request.follows = false; // nor does a real one: the guide knows no redirections
    request.most = is_firmware ? largest_image : request.most;
    const auto others = descriptors();
    const auto answer = fetcher_->get(request, others, [this] { return hear(); });
    const bool ok = answer.status == 200 && answer.has_length && !answer.is_chunked;
    report_.walks.emplace_back();
    report_.walks.back().push_back({base::printable(file.name, 80), answer.status,
                                    answer.body.size(),
                                    ok ? base::hex(base::sha256(answer.body)) : ""});
    report_.workpoint->files += ok ? 1 : 0;
    trace_.step("  GET {} → {}", base::printable(file.name, 80),
                answer.status == 0
                    ? answer.error
                    : fmt::format("{}, {} bytes", answer.status, answer.body.size()));
    return ok;
}

std::string Phone::told_counts() const {
    const auto& counts = workpoint_->counts();
    return fmt::format("{} items written so far, {} refused, {} read", counts.items_written,
                       counts.items_refused, counts.items_read);
}

void Phone::remember_fault(std::string fault) {
    if (report_.faults.size() < most_faults) {
        report_.faults.push_back(std::move(fault));
    }
}

/// Every contact starts the timer anew; without a URL, or with old firmware, it does not run.
void Phone::plan_poll() {
    next_check_.reset();
    if (workpoint_->abilities().polls && !workpoint_->value_of("dcmp-url").empty()) {
        const auto interval = base::parse_number(workpoint_->value_of("dcmp-poll-interval"));
        next_check_ =
            base::steady_now() + minutes(std::max<std::uint64_t>(interval.value_or(5), 1));
    }
}

/// True when the service has something for it.
bool Phone::poll_service() {
    auto& report = *report_.workpoint;
    ++report.polls;
    plan_poll();
    const auto mac = workpoint_->device_id();
    // Appended as it stands: whether a phone would add a slash that is missing nobody knows.
    const auto url =
        fmt::format("{}contact-me?device-id={}", workpoint_->value_of("dcmp-url"), mac);
    FileRequest request{url, {}, {}, {}, patience()};
    request.follows = false;
    FileAnswer answer;
    answer.error = "a dcmp-url that is no http or https URL";
    if (is_fetchable(url)) {
        const auto others = descriptors();
        answer = fetcher_->get(request, others, [this] { return hear(); });
        fetcher_->hang_up();
    }
    trace_.step("poll → {}", answer.status == 0 ? answer.error : std::to_string(answer.status));
    report.polls_pending += answer.status == 202 ? 1 : 0;
    report.polls_failed += answer.status != 200 && answer.status != 202 ? 1 : 0;
    return answer.status == 202;
}

void Phone::hear_contact_me() {
    auto& report = *report_.workpoint;
    const auto second = time_.minute / 60;
    for (auto& asked : contact_port_->hear()) {
        if (!asked.is_wanted) {
            ++report.contact_me_wrong;
            trace_.step("contact-me ← {}, {}: without ContactMe=true", asked.from.str(),
                        asked.status);
            continue;
        }
        const bool too_close =
            agenda_.contact_heard && base::steady_now() - *agenda_.contact_heard < second;
        agenda_.contact_heard = base::steady_now();
        report.contact_me_too_close += too_close ? 1 : 0;
        const auto gap = base::parse_number(workpoint_->value_of("dls-contact-interval"));
        const bool within_gap =
            agenda_.contact_served &&
            base::steady_now() - *agenda_.contact_served <
                static_cast<std::int64_t>(gap.value_or(300)) * time_.minute / 60;
        trace_.step("contact-me ← {}{}{}", asked.from.str(),
                    asked.service ? ", to " + asked.service->str() : "",
                    within_gap ? ", ignored: within the contact gap" : "");
        if (within_gap) {
            ++report.contact_me_ignored;
        } else {
            ++report.contact_me_accepted;
            agenda_.contact_served = base::steady_now();
            agenda_.calls_back = true;
            agenda_.elsewhere = std::move(asked.service);
        }
        if (too_close && settings_.is_fragile) {
            trace_.step("two contact-me within a second: its web server is dead until a restart");
            report.contact_port_died = true;
            contact_port_->die();
            return;
        }
    }
}

void Phone::hear_commands() {
    pollfd input{settings_.commands_fd, POLLIN, 0};
    if (settings_.commands_fd < 0 || agenda_.commands_over || ::poll(&input, 1, 0) <= 0) {
        return;
    }
    std::array<char, longest_command> buffer{};
    const auto length = ::read(settings_.commands_fd, buffer.data(), buffer.size());
    if (length <= 0) {
        agenda_.commands_over = true;
        return;
    }
    agenda_.typed.append(buffer.data(), static_cast<std::size_t>(length));
    for (auto end = agenda_.typed.find('\n'); end != std::string::npos;
         end = agenda_.typed.find('\n')) {
        obey_command(agenda_.typed.substr(0, end));
        agenda_.typed.erase(0, end + 1);
    }
    if (agenda_.typed.size() > longest_command) {
        agenda_.typed.clear();
    }
}

void Phone::obey_command(std::string_view line) {
    line = base::trim(line);
    const auto blank = std::min(line.find(' '), line.size());
    const auto word = line.substr(0, blank);
    const auto rest = base::trim(line.substr(blank));
    if (word == "change") {
        const auto key = rest.substr(0, rest.find(' '));
        const auto value = base::trim(rest.substr(key.size()));
        const auto slash = std::min(key.find('/'), key.size());
        const auto changed = workpoint_->change(
            key.substr(0, slash), key.substr(std::min(slash + 1, key.size())), std::string(value));
        trace_.step("{} {}", base::printable(key, 80),
                    changed ? "changed at the phone" : "not changed: " + changed.error().what);
        report_.workpoint->local_changes += changed ? 1 : 0;
        keep_flash();
    } else if (word == "busy" || word == "idle") {
        agenda_.in_call = word == "busy";
        trace_.step("{}", agenda_.in_call ? "in a call" : "idle");
    } else if (word == "inventory") {
        agenda_.inventory = true;
    } else if (word == "restart") {
        agenda_.restarts = true;
    } else if (!word.empty()) {
        trace_.step("{}: no command; change NAME[/INDEX] VALUE, busy, idle, inventory, restart",
                    base::printable(word, 40));
    }
}

/// What it does now of itself; empty for nothing.
std::string_view Phone::next_errand() {
    if (std::exchange(agenda_.restarts, false)) {
        return "restart";
    }
    if (agenda_.start_at && base::steady_now() >= *agenda_.start_at) {
        return "start-up";
    }
    if (agenda_.calls_back && (agenda_.elsewhere || service())) {
        return "solicited";
    }
    agenda_.calls_back = false;
    if (service() && base::steady_now() >= agenda_.not_before) {
        if (workpoint_->owes_contact() && !is_in_call()) {
            return "solicited";
        }
        if (workpoint_->has_changes()) {
            return "local-changes";
        }
        if (std::exchange(agenda_.inventory, false)) {
            return "inventory-changes";
        }
    }
    return next_check_ && base::steady_now() >= *next_check_ ? "poll" : "";
}

Exit Phone::run_errand(std::string_view errand, Exit exit) {
    const auto before = vendor_.accounts(flash_.values);
    if (errand == "poll" && !poll_service()) {
        return exit;
    }
    agenda_.calls_back = false;
    auto next = Exit::configured;
    if (errand == "restart" || errand == "start-up") {
        report_.restarts += errand == "restart" ? 1 : 0;
        agenda_.start_at.reset();
        if (errand == "restart") {
            workpoint_->restart();
        }
        next = restart_workpoint();
    } else {
        const auto start_at = agenda_.start_at;
        const auto talked = talk(errand == "poll" ? "solicited" : errand);
        if (talked == Talked::restart) {
            ++report_.restarts;
            next = restart_workpoint();
        } else {
            next = talked == Talked::done || exit == Exit::configured ? judge_talk(talked) : exit;
            // What failed comes again by itself; a start that is due stays due.
            agenda_.start_at = talked == Talked::done ? std::nullopt : start_at;
        }
    }
    if (next != Exit::configured || stopped_) {
        return next;
    }
    const bool same = vendor_.accounts(flash_.values) == before && exit == Exit::configured;
    if (same && errand != "restart" && errand != "start-up" && !lines_.ports().empty()) {
        return exit;
    }
    lines_.clear();
    return go_into_service();
}

/// Also brings back a web server that died.
Exit Phone::restart_workpoint() {
    agenda_.in_call = false;
    if (contact_port_->is_dead()) {
        if (auto ready = plug_in_contact_port(); !ready) {
            return end(Exit::local_problem, ready.error().what);
        }
    }
    agenda_.contact_served.reset();
    agenda_.contact_heard.reset();
    return start_by_workpoint();
}

Exit Phone::stay_by_workpoint(Exit exit) {
    const bool for_ever = settings_.stay_for.count() == 0;
    const auto until = for_ever ? base::Steady::max() : base::steady_now() + settings_.stay_for;
    trace_.step("staying up");
    while (!stopped_ && base::steady_now() < until && exit != Exit::local_problem &&
           exit != Exit::boot_loop) {
        if (const auto errand = next_errand(); !errand.empty()) {
            const auto before = std::exchange(exit, run_errand(errand, exit));
            if (exit != before) {
                trace_.step("{}", report_.message);
            }
            continue;
        }
        auto next = std::min(until, next_check_.value_or(until));
        next = std::min(next, agenda_.start_at.value_or(next));
        if (agenda_.not_before > base::steady_now()) {
            next = std::min(next, agenda_.not_before);
        }
        attend(next);
    }
    return exit == Exit::configured || exit == Exit::not_registered ? take_stock() : exit;
}

} // namespace phone
