// SPDX-License-Identifier: MIT
#include "module/phone/phone.hpp"

#include "module/phone/firmware.hpp"
#include "module/phone/random.hpp"
#include "module/phone/url.hpp"
#include "provisioning/base/crypto.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>
#include <ctime>

namespace phone {

namespace {

/// Since midnight, by the clock of this machine.
std::chrono::minutes time_of_day() {
    const auto seconds = std::time(nullptr);
    std::tm local{};
    localtime_r(&seconds, &local);
    return std::chrono::hours(local.tm_hour) + std::chrono::minutes(local.tm_min);
}

std::string counted(std::size_t number, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", number, number == 1 ? one : many);
}

} // namespace

Phone::Phone(Settings settings, Trace& trace, int stop_fd)
    : settings_(std::move(settings)), vendor_(*settings_.vendor), trace_(trace), stop_fd_(stop_fd),
      lines_(trace, settings_.timing),
      calls_(trace,
             answers_,
             {.timing = settings_.timing, .ring = settings_.ring, .talk = settings_.talk}),
      to_tag_(random_hex(10)) {
    report_.vendor = vendor_.name;
    report_.model = settings_.identity.model;
    report_.mac = settings_.identity.mac.str();
    time_ = {settings_.minute, base::steady_now(), time_of_day()};
}

Report Phone::run() {
    if (auto ready = plug_in(); ready) {
        report_.exit = live();
    } else {
        report_.exit = end(Exit::local_problem, ready.error().what);
    }
    trace_.step("{}", report_.message);
    return std::move(report_);
}

base::Status Phone::plug_in() {
    auto place = find_place(settings_.interface, settings_.address, settings_.group);
    if (!place) {
        return tl::unexpected(place.error());
    }
    place_ = std::move(*place);
    report_.address = place_.address.str();
    trace_.step("{} {} {}, {}, plugged in at {} with {}", vendor_.title, settings_.identity.model,
                settings_.identity.version, settings_.identity.mac.colons(), place_.interface,
                place_.address.str());
    if (!settings_.state_dir.empty()) {
        auto flash = load_flash(settings_.state_dir, settings_.identity.mac);
        if (!flash) {
            return tl::unexpected(flash.error());
        }
        flash_ = std::move(*flash);
        if (!vendor_.is_workpoint && is_newer(flash_.firmware, settings_.identity.version)) {
            settings_.identity.version = flash_.firmware;
        }
    }
    auto port = UdpPort::open({place_.address, settings_.local_port.value_or(vendor_.pnp_port)});
    if (!port) {
        return base::fail(port.error().code, "{}; --local-port 0 takes any", port.error().what);
    }
    pnp_ = std::move(*port);
    fetcher_ = std::make_unique<Fetcher>(place_.address, settings_.ca_file);
    if (vendor_.is_workpoint) {
        return plug_in_workpoint();
    }
    return settings_.group.address.is_multicast() ? pnp_->multicast_by(place_.interface_index)
                                                  : base::Status();
}

Exit Phone::live() {
    auto exit = vendor_.is_workpoint              ? start_by_workpoint()
                : vendor_.provisioning == nullptr ? start_until_settled()
                                                  : start_by_files();
    if (settings_.registers && !settings_.stays) {
        exit = look_for_lines(exit);
    }
    if (exit == Exit::configured) {
        exit = go_into_service();
    }
    if (exit == Exit::configured && !settings_.number.empty()) {
        exit = call();
    }
    if (settings_.stays && vendor_.is_workpoint) {
        exit = stay_by_workpoint(exit);
    } else if (settings_.stays && (exit == Exit::configured || next_check_)) {
        exit = stay(exit);
    }
    if (workpoint_) {
        report_.workpoint->counts = workpoint_->counts();
    }
    end_calls();
    exit = judge_calls(exit);
    if (settings_.unregisters) {
        unregister();
    }
    return exit;
}

Exit Phone::start_until_settled() {
    for (int changes = 0;; ++changes) {
        lines_.clear();
        const auto url = find_url();
        if (!problem_.empty()) {
            return end(Exit::local_problem, problem_);
        }
        if (url.empty()) {
            return without_url();
        }
        const auto found = walk(url);
        if (!problem_.empty()) {
            return end(Exit::local_problem, problem_);
        }
        if (found == Found::nothing) {
            return without_file(url);
        }
        if (found == Found::unchanged) {
            trace_.step("this start brought nothing new");
            return Exit::configured;
        }
        if (changes == settings_.max_restarts) {
            return end(
                Exit::boot_loop,
                fmt::format("boot loop: {} in a row, and each brought another configuration; "
                            "the same phone must get the same bytes",
                            counted(static_cast<std::size_t>(changes) + 1, "start", "starts")));
        }
        // Every accepted change restarts an Htek; other makers' phones are no different so far.
        trace_.step("the configuration changed: restarting");
        ++report_.restarts;
    }
}

std::string Phone::find_url() {
    subscription_.reset();
    if (vendor_.asks_by_pnp(flash_.values)) {
        ask();
        if (stopped_ || !problem_.empty()) {
            return {};
        }
        if (!offered_url_.empty()) {
            // The Htek page says "restart the phone, it will get the file" here. That restart is
            // taken as done: the phone does not multicast twice for it.
            flash_.url = offered_url_;
            keep_flash();
            return flash_.url;
        }
    }
    const auto server = vendor_.server_url(flash_.values);
    const auto& url = is_fetchable(server) ? server : flash_.url;
    if (!url.empty()) {
        trace_.step("no NOTIFY; it uses {} from its flash: {}",
                    is_fetchable(server) ? "the configuration server" : "the last URL offered",
                    shorten_url(url));
        report_.url = shorten_url(url);
    }
    return url;
}

void Phone::ask() {
    const auto local = pnp_->local();
    const auto ids = vendor_.new_dialog(local);
    subscription_.emplace(
        ids, vendor_.subscribe(settings_.identity, ids, local, settings_.group.address));
    asking_.emplace(settings_.timing);
    offered_url_.clear();
    listening_ = true;
    while (!stopped_ && offered_url_.empty()) {
        const auto due = asking_->count() == 0 ? base::steady_now()
                                               : asking_->next().value_or(base::Steady::max());
        if (base::steady_now() >= due) {
            trace_.step("SUBSCRIBE → {} from {} as MAC{}{}", settings_.group.str(), local.str(),
                        settings_.identity.mac.str(),
                        asking_->count() == 0 ? "" : ", the same again");
            asking_->sent(base::steady_now());
            ++report_.transmissions;
            report_.subscribe_sent = true;
            if (auto sent = pnp_->send(subscription_->text(), settings_.group); !sent) {
                problem_ = sent.error().what;
                break;
            }
        }
        const auto give_up = asking_->last() + settings_.wait;
        if (base::steady_now() >= give_up) {
            break;
        }
        wait_until(std::min(give_up, asking_->next().value_or(give_up)));
    }
    listening_ = false;
}

Exit Phone::without_url() {
    if (!subscription_) {
        return end(Exit::no_file,
                   "PnP is switched off in its flash, and no server is in it: remove the "
                   "state to start with a phone fresh from the box");
    }
    const bool answered = subscription_->has_ok();
    if (stopped_) {
        return end(answered ? Exit::held : Exit::no_answer,
                   "stopped by a signal while it waited for a URL");
    }
    if (answered && report_.notify_received > 0) {
        return end(Exit::held, "a NOTIFY came, but it brought no http or https URL");
    }
    if (answered) {
        return end(
            Exit::held,
            fmt::format("held: {} answered, but offered no URL within {}; approve the phone, and "
                        "see `pnp explain {}` on the PBX",
                        report_.ok_from, base::format_duration(settings_.wait), report_.mac));
    }
    if (!report_.errors_ignored.empty()) {
        return end(Exit::no_answer,
                   fmt::format(
                       "only errors came back, the first {} from {}: a SIP server hears the "
                       "group, and PBX PnP does not answer",
                       report_.errors_ignored.front().status, report_.errors_ignored.front().from));
    }
    return end(
        Exit::no_answer,
        fmt::format("nobody answered on {}: is PBX PnP loaded, does it serve the network of {}, "
                    "does the switch pass multicast, is {} made up (then the neighbour check "
                    "refuses it)?",
                    place_.interface, place_.address.str(), report_.mac));
}

Exit Phone::without_file(const std::string& url) {
    if (stopped_) {
        return end(Exit::no_file, "stopped by a signal while it fetched its files");
    }
    if (distrusts_) {
        return end(Exit::untrusted,
                   fmt::format("{} has no certificate for its address of the CA in {}: give the "
                               "phone the PBX's own (`pnp show ca`)",
                               shorten_url(url), settings_.ca_file));
    }
    return end(Exit::no_file,
               fmt::format("no file of the chain was accepted from {}: look at the answers above, "
                           "and at `pnp explain {}` on the PBX",
                           shorten_url(url), report_.mac));
}

/// Comes again when a busy server says when.
FileAnswer Phone::fetch(const FileRequest& request, const std::string& name) {
    constexpr int most_tries = 4;
    constexpr int longest_wait = 30;
    for (int tries = 1;; ++tries) {
        const auto others = descriptors();
        auto answer = fetcher_->get(request, others, [this] { return hear(); });
        if (answer.status != 503 || answer.retry_after == 0 || tries == most_tries || stopped_) {
            return answer;
        }
        const auto seconds = std::min(answer.retry_after, longest_wait);
        trace_.step("GET {} → 503, again in {} s", name, seconds);
        const auto until = base::steady_now() + std::chrono::seconds(seconds);
        while (!stopped_ && base::steady_now() < until) {
            attend(until);
        }
    }
}

Phone::Found Phone::walk(const std::string& url) {
    distrusts_ = false;
    auto found = Found::nothing;
    const auto before = flash_.values;
    const auto login = vendor_.http_login(before);
    report_.walks.emplace_back();
    for (const auto& name : vendor_.chain(settings_.identity)) {
        const FileRequest request{join_url(url, name), vendor_.http_user_agent(settings_.identity),
                                  has_user(url) ? std::string() : login.user, login.password,
                                  vendor_.http_seconds(before)};
        const auto answer = fetch(request, name);
        if (stopped_) {
            return Found::nothing;
        }
        auto& row = report_.walks.back().emplace_back();
        row = {name, answer.status, answer.body.size(), {}};
        if (answer.status == 200) {
            row.sha256 = base::hex(base::sha256(answer.body));
            if (take_file(name, answer.body, found) && !settings_.read_all) {
                // One revision of the maker's guide says that a phone which got one file does not
                // ask for the names behind it. What it fails to ask for is what an admin must see.
                break;
            }
        } else {
            trace_.step("GET {} → {}", name,
                        answer.status == 0 ? answer.error : std::to_string(answer.status));
            if (answer.untrusted) { // the next name would be refused the same way
                distrusts_ = true;
                break;
            }
        }
    }
    if (found != Found::nothing) {
        found = flash_.values == before ? Found::unchanged : Found::changed;
        keep_flash();
    }
    return found;
}

bool Phone::take_file(const std::string& name, const std::string& body, Found& found) {
    const auto file = vendor_.read_file(body);
    if (!file) {
        trace_.step("GET {} → 200, {} bytes, rejected: {}", name, body.size(),
                    base::printable(file.error().what));
        return false;
    }
    std::size_t changed = 0;
    for (const auto& [key, value] : file->values) {
        const auto held = flash_.values.find(key);
        changed += held == flash_.values.end() || held->second != value ? 1U : 0U;
        flash_.values.insert_or_assign(key, value); // files may be partial: the rest stays
    }
    found = Found::unchanged;
    trace_.step("GET {} → 200, {} bytes, accepted: {}, {} of them new", name, body.size(),
                counted(file->values.size(), "parameter", "parameters"), changed);
    if (!file->unknown.empty()) {
        trace_.step("  {} this phone does not know, such as {}",
                    counted(file->unknown.size(), "name", "names"),
                    base::printable(file->unknown.front(), 60));
    }
    if (!file->doubtful.empty()) {
        trace_.step("  a %XX in {}: taken as it stands here, some firmware decodes it",
                    base::printable(file->doubtful.front(), 60));
    }
    return true;
}

Exit Phone::go_into_service() {
    for (const auto& account : vendor_.accounts(flash_.values)) {
        if (!settings_.registers && !settings_.stays) {
            lines_.list(account);
            continue;
        }
        const int wanted = settings_.sip_port.value_or(account.local_port);
        const int step = settings_.sip_port && wanted != 0 ? 100 * (account.line - 1) : 0;
        if (auto added =
                lines_.add(account, {place_.address, static_cast<std::uint16_t>(wanted + step)},
                           vendor_.sip_user_agent(settings_.identity, flash_.values));
            !added) {
            return end(Exit::local_problem, added.error().what);
        }
    }
    if (settings_.registers && !stopped_) {
        lines_.start(base::steady_now());
    }
    while (!stopped_ && lines_.is_busy()) {
        attend(lines_.next().value_or(base::steady_now()));
    }
    return take_stock();
}

Exit Phone::take_stock() {
    const auto rows = lines_.describe();
    if (!settings_.registers) {
        return end(Exit::configured,
                   fmt::format("configured: {}, not registered because --register was not given",
                               counted(rows.size(), "active account", "active accounts")));
    }
    if (rows.empty()) {
        return end(Exit::not_registered, "configured, but the file describes no active account");
    }
    std::string users;
    std::string problem;
    for (const auto& row : rows) {
        if (row.registered) {
            users += fmt::format("{}{} at {}", users.empty() ? "" : ", ", base::printable(row.user),
                                 base::printable(row.server));
        } else {
            problem = fmt::format("line {}: {}{}", row.line,
                                  row.status == 0 ? "" : fmt::format("{} ", row.status),
                                  base::printable(row.reason));
        }
    }
    if (!lines_.all_registered()) {
        return end(Exit::not_registered,
                   stopped_ ? "stopped by a signal while it registered"
                            : fmt::format("configured, but not registered: {}", problem));
    }
    return end(Exit::configured, fmt::format("configured and registered: {}", users));
}

Exit Phone::stay(Exit exit) {
    const bool for_ever = settings_.stay_for.count() == 0;
    const auto until = for_ever ? base::Steady::max() : base::steady_now() + settings_.stay_for;
    trace_.step("staying up");
    while (!stopped_ && base::steady_now() < until && exit != Exit::local_problem &&
           exit != Exit::boot_loop) {
        const bool free = !calls_.is_busy();
        const auto check = free ? next_check_.value_or(until) : until;
        if (order_ != Order::none && free) { // it may have come during the last walk
            exit = obey(std::exchange(order_, Order::none));
        } else if (next_check_ && base::steady_now() >= check) {
            const auto before = std::exchange(exit, look_again(exit));
            if (exit != before) {
                trace_.step("{}", report_.message);
            }
        } else {
            attend(std::min(until, check));
        }
    }
    return exit == Exit::configured || exit == Exit::not_registered ? take_stock() : exit;
}

Exit Phone::obey(Order order) {
    if (vendor_.provisioning != nullptr) {
        return restart_by_files();
    }
    if (order == Order::fetch) {
        const auto server = vendor_.server_url(flash_.values);
        const auto& url = is_fetchable(server) ? server : flash_.url;
        report_.url = shorten_url(url);
        trace_.step("fetching again from {}", shorten_url(url));
        const auto found = walk(url);
        if (stopped_ || found == Found::unchanged) {
            trace_.step("it brought nothing new");
            return Exit::configured;
        }
        if (found == Found::nothing && distrusts_) {
            return without_file(url);
        }
        if (found == Found::nothing) {
            return end(Exit::no_file,
                       "told to fetch again, it got no file it accepts; it keeps what it "
                       "has");
        }
        trace_.step("the configuration changed: restarting");
    } else {
        trace_.step("told to restart");
    }
    ++report_.restarts;
    const auto exit = start_until_settled();
    if (exit == Exit::boot_loop || exit == Exit::local_problem) {
        return exit;
    }
    const auto message = report_.message;
    const auto served = go_into_service(); // with the old configuration, if no new one came
    if (exit == Exit::configured || stopped_ || served == Exit::local_problem) {
        return served;
    }
    return end(exit, message);
}

Exit Phone::end(Exit exit, std::string message) {
    report_.message = std::move(message);
    report_.accounts = lines_.describe();
    return exit;
}

void Phone::keep_flash() {
    if (settings_.state_dir.empty()) {
        return;
    }
    if (auto kept = save_flash(settings_.state_dir, settings_.identity.mac, flash_); !kept) {
        problem_ = kept.error().what;
    }
}

} // namespace phone
