// SPDX-License-Identifier: MIT
// Changes lead to a look, a look to a contact-me or to the answer of a poll, and both to a call.
#include "module/engine_wpi.hpp"

#include "provisioning/admin/jobs.hpp"
#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/wpi/contact_me.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace engine {

using base::Errc;
using base::fail;
using inventory::Step;

namespace {

constexpr std::size_t looks_at_a_time = 50;
constexpr unsigned between_looks_after = 5;    // s
constexpr unsigned between_looks_at_all = 600; // s; accounts of the PBX change without a word

/// A phone calls within a minute of its answer to a contact-me (unknown; default 60 s), and that
/// may take 15 s.
constexpr auto comes_within = std::chrono::seconds(75);

/// A phone that talks has what was changed before that, if it is the phone. Who only says so puts
/// the contact-me off by no more than this.
constexpr auto is_done_within = std::chrono::seconds(15);

serve::HttpLimits service_limits(const Settings& settings) {
    auto limits = settings.http;
    limits.posted_bytes = wpi::largest_message;
    // After a power cut all phones of a site call within a second, wait for each other and tell all
    // that they have, in 50 kB (WPI guide p. 69); they may sit behind one address. By default as
    // many as may have conversations.
    limits.connections *= 2;
    limits.connections_per_source = std::max(limits.connections_per_source, limits.connections / 2);
    limits.waiting_requests = limits.connections;
    limits.rates.source_burst *= 3; // each of them asks five to ten times
    limits.posted_in_all *= 2;
    limits.posted_per_source *= 4;
    limits.idle_deadline = settings.wpi.keepalive;
    return limits;
}

/// Its gap begins when it has served the request, a moment after we sent that.
wpi::ContactMePast past_of(const inventory::Workpoint& phone) {
    return {phone.contact_me_sent, wpi::contact_gap(phone) + std::chrono::seconds(2)};
}

} // namespace

Workpoints::Workpoints(base::Loop& loop,
                       inventory::Inventory& inventory,
                       const base::Clock& clock,
                       const Settings& settings,
                       Reach reach)
    : loop_(loop), inventory_(inventory), clock_(clock), reach_(std::move(reach)),
      service_(inventory, clock, service_reach()), caller_(loop, clock, caller_reach()),
      polling_(clock,
               {[this](base::Mac mac) { return polling_phone(mac); },
                [this](base::Mac mac) {
                    inventory_.workpoints().update(mac, [this](inventory::Workpoint& phone) {
                        phone.last_poll = clock_.unix_ms();
                    });
                },
                [this](base::Mac mac, base::Ipv4 source) { polls_in_vain(mac, source); }}),
      http_(loop,
            service_limits(settings),
            [this](const serve::Request& request) { return service_.answer(request); }),
      poll_http_(loop, settings.http, [this](const serve::Request& request) {
          return answer_poll(request);
      }) {
    http_.on_tls_failure(reach_.tls_refused);
    inventory_.workpoints().secret_items(
        [](std::string_view name) { return wpi::is_secret(name); });
    inventory_.workpoints().on_job([this](base::Mac mac) { look({mac}); });
}

Workpoints::~Workpoints() {
    inventory_.workpoints().on_job({});
}

wpi::Service::Reach Workpoints::service_reach() {
    return {
        [this](const inventory::Device& device, const std::string& model,
               const std::string& firmware,
               base::Ipv4 host) { return wanted(device, model, firmware, host); },
        reach_.neighbour,
        [this](const inventory::Workpoint& phone) { return host_for(phone); },
        [this](base::Mac mac, wpi::Reason reason) { called(mac, reason); },
        [this](base::Mac mac, wpi::Ending ending) { ended(mac, ending); },
    };
}

wpi::Caller::Reach Workpoints::caller_reach() {
    return {
        [this](base::Mac mac) { return place(mac); },
        [this](base::Mac mac, const base::Status& status) { asked(mac, status); },
        [this](const wpi::ContactMePlan::Silence& silence) { silent(silence); },
        [this](base::Mac mac) { too_busy(mac); },
    };
}

std::shared_ptr<const Workpoints::Now> Workpoints::now() const {
    const std::lock_guard hold(lock_);
    return now_;
}

void Workpoints::change(const std::function<void(Now&)>& how) {
    auto fresh = std::make_shared<Now>(*now());
    how(*fresh);
    const std::lock_guard hold(lock_);
    now_ = std::move(fresh);
}

void Workpoints::settings(const Settings& settings,
                          std::shared_ptr<const serve::FileSettings> files) {
    wpi::ContactMeRules rules;
    rules.networks = settings.wpi.contact_networks;
    wpi::ServiceSettings service;
    service.gate = files->gate;
    service.policy.local_changes = settings.wpi.local_changes;
    service.policy.allow_factory_reset = settings.wpi.factory_reset;
    service.policy.restart_timeout = settings.wpi.restart_timeout;
    service.reject_replays = settings.wpi.reject_replays;
    service.escape = settings.wpi.escape;
    service.file_folder = settings.firmware_folder;
    service.contact_me = rules;
    service_.settings(std::move(service));
    change([&](Now& now) {
        now.wpi = settings.wpi;
        now.contact_me = std::move(rules);
        now.files = std::move(files);
    });
    if (was_listening_) {
        look_at_all(); // rules and templates may be others
    }
}

void Workpoints::tls(std::shared_ptr<const serve::TlsContext> context) {
    has_tls_ = context != nullptr;
    if (has_tls_) {
        http_.tls(std::move(context));
    }
}

std::vector<base::Error> Workpoints::listen(const std::vector<base::Interface>& served,
                                            const serve::Surroundings& around) {
    service_.surroundings(around);
    change([&](Now& now) { now.around = around; });
    const auto with = now()->wpi;
    std::vector<base::Endpoint> calls;
    std::vector<base::Endpoint> polls;
    for (const auto& row : served) {
        if (with.on && has_tls_) {
            calls.push_back({row.address, with.port});
        }
        if (with.on && with.poll_port != 0) {
            polls.push_back({row.address, with.poll_port});
        }
    }
    auto errors = http_.listen({}, calls);
    for (auto& error : poll_http_.listen(polls)) {
        errors.push_back(std::move(error));
    }
    const auto listening = http_.listening_with_tls();
    const auto listening_for_polls = poll_http_.listening();
    {
        const std::lock_guard hold(lock_);
        listening_ = listening;
        listening_for_polls_ = listening_for_polls;
        waits_for_key_ = with.on && !has_tls_ && !served.empty();
    }
    if (!std::exchange(was_listening_, !listening.empty()) && was_listening_) {
        look_at_all(); // what was wanted while we were away
    }
    return errors;
}

void Workpoints::tick() {
    ++ticks_;
    if (ticks_ % between_looks_after == 0) {
        if (const auto turn = looks_after_.begin()) {
            loop_.work([this, turn] { service_.look_after(); });
        }
        go_on_looking(); // there may have been no memory for it
    }
    if (ticks_ % between_looks_at_all == 0 && was_listening_) {
        look_at_all();
    }
}

base::Result<std::vector<wpi::Item>> Workpoints::wanted(const inventory::Device& device) const {
    const auto known = inventory_.workpoints().find(device.mac);
    const auto host =
        known ? service_.host_for(*known) : reach_.own_address_towards(device.seen.address);
    if (!host) {
        return fail(Errc::not_found, "no interface is served, so the phone has no address to call; "
                                     "see `pnp status`");
    }
    return wanted(device, device.seen.model, device.seen.version, *host);
}

base::Result<std::vector<wpi::Item>> Workpoints::wanted(const inventory::Device& device,
                                                        const std::string& model,
                                                        const std::string& firmware,
                                                        base::Ipv4 host) const {
    const auto with = now()->files;
    if (!with || !with->catalogue) {
        return fail(Errc::io, "no vendor profiles are loaded; the log of the start says why");
    }
    // It says with each call what it is: whatever else it was taken for before does not count.
    const auto* vendor = with->catalogue->recognise({device.mac, {}, model});
    if (vendor == nullptr) {
        return fail(Errc::not_found, "no vendor profile has phones like '{}'",
                    base::printable(model, 40));
    }
    const auto known = inventory_.workpoints().find(device.mac);
    if (device.lines.empty() && (!known || known->written.empty())) {
        return fail(Errc::refused, "{0} has no extension: pnp assign {0} EXT", device.mac.str());
    }
    // Its URL is empty: these phones fetch no files.
    const serve::Phone phone{device, *vendor, model, firmware, device.seen.address, true};
    auto facts = serve::facts_of(*with, phone, host, "");
    if (auto added = serve::add_lines(facts, phone, reach_.accounts, {}); !added) {
        return tl::unexpected(added.error());
    }
    return with->catalogue->render_items(*vendor, facts);
}

/// One behind a router may have reached us by any of our addresses: it has the one that it was
/// told.
std::optional<base::Ipv4> Workpoints::host_for(const inventory::Workpoint& phone) const {
    if (auto own = reach_.own_address_at(phone.address)) {
        return own;
    }
    const auto told = phone.reported.find({"dls-addr"});
    if (told != phone.reported.end()) {
        const auto address = base::Ipv4::parse(told->second);
        const std::lock_guard hold(lock_);
        for (const auto& endpoint : listening_) {
            if (address == endpoint.address) {
                return address;
            }
        }
    }
    return reach_.own_address_towards(phone.address);
}

serve::Response Workpoints::answer_poll(const serve::Request& request) {
    const auto with = now();
    const serve::Gate gate(with->files->gate, with->around, reach_.neighbour);
    auto response =
        gate.is_source_served(request.peer.address) ? polling_.answer(request) : serve::Response{};
    ++(response.status == 202   ? count_.polls_pending
       : response.status == 200 ? count_.polls_idle
                                : count_.polls_refused);
    return response;
}

std::optional<wpi::Polling::Phone> Workpoints::polling_phone(base::Mac mac) const {
    const auto snapshot = inventory_.now();
    const auto* device = snapshot.device(mac);
    if (device == nullptr || !device->is_approved()) {
        return std::nullopt;
    }
    const auto known = inventory_.workpoints().find(mac);
    bool is_pending = inventory_.workpoints().has_work(mac);
    {
        // Also while somebody talks in its name: the phone itself does not poll then.
        const std::lock_guard hold(lock_);
        is_pending = is_pending || pending_.count(mac) != 0;
    }
    return wpi::Polling::Phone{is_pending, known ? known->last_contact : 0};
}

/// Seldom, so that whoever polls in its name pushes nothing out of its timeline.
void Workpoints::polls_in_vain(base::Mac mac, base::Ipv4 source) {
    {
        const std::lock_guard hold(lock_);
        const auto* last = noted_in_vain_.find(mac);
        if (last != nullptr && clock_.now() - *last < std::chrono::hours(1)) {
            return;
        }
        noted_in_vain_.at(mac) = clock_.now();
    }
    inventory_.note(mac, Step::poll_unheeded, source.str(),
                    "it was told to call, again and again, and does not");
}

/// With the lock held. An end may be told before its beginning, by another worker.
void Workpoints::count_talk(base::Mac mac, int by) {
    if ((talking_[mac] += by) == 0) {
        talking_.erase(mac);
    }
}

/// On a worker, as is the next.
void Workpoints::called(base::Mac mac, wpi::Reason reason) {
    caller_.called(mac);
    bool was_asked = false;
    {
        const std::lock_guard hold(lock_);
        count_talk(mac, 1);
        const auto* at = asked_.find(mac);
        was_asked = at != nullptr && clock_.now() - *at < comes_within;
        asked_.erase(mac);
    }
    if (was_asked && reason == wpi::Reason::solicited) {
        inventory_.workpoints().update(mac, [with = now()](inventory::Workpoint& phone) {
            wpi::learn(phone, wpi::Heard::came_when_called, with->contact_me);
        });
    }
}

void Workpoints::ended(base::Mac mac, wpi::Ending ending) {
    const bool has_work = inventory_.workpoints().has_work(mac);
    bool is_settled = false;
    {
        const std::lock_guard hold(lock_);
        count_talk(mac, -1);
        const bool has_changed = changed_meanwhile_.erase(mac) != 0;
        is_settled = ending == wpi::Ending::all_done && !has_changed && !has_work;
        if (is_settled) {
            pending_.erase(mac);
        } else if (ending == wpi::Ending::busy) {
            pending_.insert(mac);
        }
    }
    const auto known = inventory_.workpoints().find(mac);
    if (is_settled) {
        caller_.settled(mac);
    } else if (ending != wpi::Ending::busy) {
        look({mac});
    } else if (known && wpi::is_callable(*known, now()->contact_me)) {
        caller_.busy(mac, past_of(*known));
    }
}

/// Loop thread, as are the next three.
base::Result<wpi::Caller::Place> Workpoints::place(base::Mac mac) {
    const auto known = inventory_.workpoints().find(mac);
    const auto snapshot = inventory_.now();
    const auto* device = snapshot.device(mac);
    const auto with = now();
    if (!with->wpi.on || !known || device == nullptr || !device->is_approved()) {
        return fail(Errc::not_found, "it is not served any more");
    }
    if (known->reached == inventory::Reached::by_poll) {
        return fail(Errc::refused, "it does not come when it is asked to; it is waited for until "
                                   "it polls, or calls by itself");
    }
    auto phone = wpi::contact_me_target(known->contact_me_uri, known->address, with->contact_me);
    if (!phone) {
        return tl::unexpected(phone.error());
    }
    {
        const std::lock_guard hold(lock_);
        asked_.at(mac) = clock_.now();
    }
    return wpi::Caller::Place{*phone, reach_.own_address_at(phone->address).value_or(base::Ipv4{})};
}

void Workpoints::asked(base::Mac mac, const base::Status& status) {
    const auto known = inventory_.workpoints().find(mac);
    const auto address = known ? known->address.str() : std::string();
    if (!status) {
        ++count_.failed;
        inventory_.note(mac, Step::contact_failed, address, status.error().what);
        return;
    }
    ++count_.confirmed;
    inventory_.note(mac, Step::contact_asked, address, "contact-me, and it confirmed that");
    loop_.work([this, mac, at = clock_.unix_ms()] {
        inventory_.workpoints().update(
            mac, [at](inventory::Workpoint& phone) { phone.contact_me_sent = at; });
    });
}

void Workpoints::silent(const wpi::ContactMePlan::Silence& silence) {
    if (silence.arrived) {
        ++count_.unheeded;
        inventory_.note(silence.mac, Step::contact_failed, "",
                        "it confirmed a contact-me, and does not call");
    }
    loop_.work([this, mac = silence.mac] {
        inventory_.workpoints().update(mac, [with = now()](inventory::Workpoint& phone) {
            wpi::learn(phone, wpi::Heard::did_not_come, with->contact_me);
        });
    });
}

void Workpoints::too_busy(base::Mac mac) {
    inventory_.note(mac, Step::contact_failed, "",
                    "it is in a call whenever it is asked; its own next call is waited for");
}

void Workpoints::look(const std::vector<base::Mac>& macs) {
    {
        const std::lock_guard hold(lock_);
        if (!now_->wpi.on) {
            return;
        }
        to_look_at_.insert(macs.begin(), macs.end());
    }
    go_on_looking();
}

/// A few at a time, so that a worker is not kept from others.
void Workpoints::go_on_looking() {
    {
        const std::lock_guard hold(lock_);
        if (to_look_at_.empty()) {
            return;
        }
    }
    auto turn = looks_.begin();
    if (!turn) {
        return; // whoever has it looks afterwards for what came meanwhile
    }
    loop_.work([this, turn = std::move(turn)]() mutable {
        std::exception_ptr thrown;
        try {
            look_at_some();
        } catch (...) { // the others have their turn
            thrown = std::current_exception();
        }
        turn.reset();
        go_on_looking();
        if (thrown) {
            std::rethrow_exception(thrown); // which the loop tells
        }
    });
}

/// A window may be what a phone's secrets wait for.
void Workpoints::changed(std::vector<base::Mac> macs) {
    const auto snapshot = inventory_.now();
    for (const auto& window : snapshot.enrolments()) {
        if (window.mac) {
            macs.push_back(*window.mac);
        }
    }
    look(macs);
}

void Workpoints::look_at_all() {
    std::vector<base::Mac> macs;
    for (const auto& phone : inventory_.workpoints().all()) {
        macs.push_back(phone->mac);
    }
    look(macs);
}

/// On a worker.
void Workpoints::look_at_some() {
    std::vector<base::Mac> some;
    some.reserve(looks_at_a_time); // for none is lost that was taken
    {
        const std::lock_guard hold(lock_);
        while (!to_look_at_.empty() && some.size() < looks_at_a_time) {
            some.push_back(to_look_at_.extract(to_look_at_.begin()).value());
        }
    }
    for (const auto mac : some) {
        look_at(mac);
    }
}

void Workpoints::look_at(base::Mac mac) {
    bool is_talking = false;
    {
        const std::lock_guard hold(lock_);
        const auto talks = talking_.find(mac);
        is_talking = talks != talking_.end() && talks->second > 0;
        if (is_talking) {
            changed_meanwhile_.insert(mac);
        }
    }
    const bool wants = service_.wants_contact(mac);
    {
        const std::lock_guard hold(lock_);
        if (wants) {
            pending_.insert(mac);
        } else {
            pending_.erase(mac);
        }
    }
    if (!wants) {
        caller_.settled(mac);
        return;
    }
    const auto known = inventory_.workpoints().find(mac);
    if (known && wpi::is_callable(*known, now()->contact_me)) {
        caller_.want(mac, past_of(*known), is_talking ? is_done_within : base::Duration{});
    }
}

bool Workpoints::speaks_with(base::Mac mac) const {
    return now()->wpi.on && inventory_.workpoints().find(mac) != nullptr;
}

base::Result<std::string> Workpoints::resync(base::Mac mac, bool reboot) {
    const auto known = inventory_.workpoints().find(mac);
    if (!known) {
        return fail(Errc::not_found, "{} never called; restart it by hand", mac.str());
    }
    std::string what = "All that it has is looked at";
    if (reboot) {
        inventory::Job job;
        job.mac = mac;
        job.kind = inventory::JobKind::restart;
        const auto id = inventory_.workpoints().add(std::move(job), "resync");
        if (!id) {
            return tl::unexpected(id.error());
        }
        what = fmt::format("It restarts (job {})", *id);
    } else {
        inventory_.workpoints().update(
            mac, [](inventory::Workpoint& phone) { phone.must_read_all = true; });
        look({mac});
    }
    const auto with = now();
    if (wpi::is_callable(*known, with->contact_me)) {
        return fmt::format(
            "{} when it calls, which it is asked to do at {}, {}; `pnp explain {}` shows "
            "the answer.",
            what, known->address.str(), admin::when_asked(*known, clock_.unix_ms()), mac.str());
    }
    return known->last_poll != 0
               ? fmt::format("{} when it calls, after its next poll.", what)
               : fmt::format("{} when it calls by itself: it cannot be asked to, and does not "
                             "poll yet; a restart of the phone is quicker.",
                             what);
}

WorkpointCounters Workpoints::counters() const {
    WorkpointCounters all;
    all.service = service_.counters();
    all.http = http_.counters();
    all.contacts_confirmed = count_.confirmed;
    all.contacts_failed = count_.failed;
    all.contacts_unheeded = count_.unheeded;
    all.polls_pending = count_.polls_pending;
    all.polls_idle = count_.polls_idle;
    all.polls_refused = count_.polls_refused;
    all.jobs_waiting = inventory_.workpoints().count_waiting_jobs();
    return all;
}

std::vector<admin::Reach::StatusRow> Workpoints::status() const {
    std::vector<std::string> calls;
    std::vector<std::string> polls;
    bool is_on = false;
    bool waits = false;
    {
        const std::lock_guard hold(lock_);
        is_on = now_->wpi.on;
        waits = waits_for_key_;
        for (const auto& endpoint : listening_) {
            calls.push_back("https://" + endpoint.str());
        }
        for (const auto& endpoint : listening_for_polls_) {
            polls.push_back("http://" + endpoint.str());
        }
    }
    if (!is_on) {
        return {{"OpenStage", "off"}};
    }
    const auto all = counters();
    const auto& calling = all.service;
    return {
        // A key takes seconds. Where none can be made, that is a problem of its own.
        {"OpenStage",
         waits           ? "not served yet: there is no certificate"
         : calls.empty() ? "not served"
                         : fmt::format("{}", fmt::join(calls, ", ")),
         calls.empty() && !waits},
        {"OpenStage polls", polls.empty() ? "off" : fmt::format("{}", fmt::join(polls, ", "))},
        {"OpenStage calls",
         fmt::format("{} conversations, {} open, {} refused, {} of them of phones that nobody "
                     "approved, {} messages malformed, {} of no conversation, {} too many; {} "
                     "handshakes, {} failed",
                     calling.conversations, calling.open, calling.refused, calling.unknown,
                     calling.malformed, calling.lost, calling.overload, all.http.handshakes,
                     all.http.tls_failures)},
        {"OpenStage jobs",
         fmt::format("{} wait; {} phones asked to call, {} could not be, {} did not; {} polls, {} "
                     "told to call",
                     all.jobs_waiting, all.contacts_confirmed, all.contacts_failed,
                     all.contacts_unheeded, all.polls_idle + all.polls_pending, all.polls_pending)},
    };
}

} // namespace engine
