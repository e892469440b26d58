// SPDX-License-Identifier: MIT
#include "module/engine.hpp"

#include "module/neighbour_status.hpp"
#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <future>

#include <fmt/ranges.h>

#include <unistd.h>

namespace engine {

using base::Errc;
using base::fail;
using base::Result;

namespace log = base::log;

namespace {

std::string joined(const std::vector<std::string>& words, std::string_view otherwise) {
    return words.empty() ? std::string(otherwise) : fmt::format("{}", fmt::join(words, ", "));
}

void log_to(const pnp_host& host) {
    if (host.log == nullptr) {
        return;
    }
    log::set_sink([&host](log::Level level, std::string_view room, std::string_view text) {
        host.log(host.context, static_cast<pnp_level>(level), std::string(room).c_str(),
                 std::string(text).c_str());
    });
}

Https::Wanted wanted_certificate(const Settings& settings) {
    return {settings.tls_certificate, settings.tls_key, {}};
}

} // namespace

Engine::Engine(const pnp_host& host) : host_(host) {
    if (host.config_file != nullptr) {
        config_file_ = host.config_file;
    }
    for (const auto* const* one = host.overrides; one != nullptr && *one != nullptr; ++one) {
        overrides_.emplace_back(*one);
    }
}

Result<std::unique_ptr<Engine>> Engine::start(const pnp_host& host) {
    if (host.version != PNP_HOST_VERSION) {
        return fail(Errc::refused,
                    "the host speaks version {} of the door and we speak {}: install modules and "
                    "programs of one release",
                    host.version, PNP_HOST_VERSION);
    }
    std::unique_ptr<Engine> engine(new Engine(host));
    log_to(engine->host_);
    if (auto done = engine->open(); !done) {
        engine.reset();
        log::set_sink({});
        return tl::unexpected(done.error());
    }
    return engine;
}

Result<Settings> Engine::load_settings() const {
    std::string text;
    if (!config_file_.empty() && ::access(config_file_.c_str(), F_OK) == 0) {
        auto file = base::read_file(config_file_);
        if (!file) {
            return tl::unexpected(file.error());
        }
        text = std::move(*file);
    }
    auto settings = read_settings(text, config_file_, overrides_);
    if (settings) {
        if (settings->data.empty() && host_.data_dir != nullptr) {
            settings->data = host_.data_dir;
        }
        if (settings->control.empty() && host_.control != nullptr) {
            settings->control = host_.control;
        }
        if (settings->data.empty()) {
            return fail(Errc::not_found, "no data folder is set: write data = FOLDER");
        }
    }
    return settings;
}

Result<Engine::Loaded> Engine::load() const {
    auto settings = load_settings();
    if (!settings) {
        return tl::unexpected(settings.error());
    }
    auto catalogue = profile::Catalogue::load(settings->vendors);
    if (!catalogue) {
        return tl::unexpected(catalogue.error());
    }
    if (auto good = check_rules(*settings, **catalogue); !good) {
        return tl::unexpected(good.error());
    }
    return Loaded{std::move(*settings), std::move(*catalogue)};
}

base::Status Engine::open() {
    auto loaded = load();
    if (!loaded) {
        return tl::unexpected(loaded.error());
    }
    auto& [settings, catalogue] = *loaded;
    auto inventory = inventory::Inventory::open(settings.data + "/pnp.sqlite3", settings.limits,
                                                clock_, settings.key_file);
    if (!inventory) {
        return tl::unexpected(inventory.error());
    }
    inventory_ = std::move(*inventory);
    started_ = clock_.unix_ms();

    loop_ = std::make_unique<base::Loop>();
    neighbours_ = std::make_unique<base::Neighbours>(
        *loop_,
        [this](const std::vector<base::Ipv4>& addresses) { pnp_->neighbours_changed(addresses); });
    directory_ = std::make_unique<dialplan::Directory>(*inventory_);
    offer_host();
    desk_ = std::make_unique<Desk>(
        *loop_, *inventory_, clock_,
        Desk::Senses{[this](const pnp::Asked& asked) { return neighbour_of(asked); },
                     [this](base::Mac mac) { return registrations_->contact(mac); },
                     [this](const std::vector<base::Mac>& macs) { pnp_->decided(macs); }});
    if (auto done = desk_->recall(); !done) {
        return done;
    }
    extensions_ = std::make_unique<Extensions>(host_, *inventory_);
    registrations_ = std::make_unique<Registrations>(
        *inventory_, clock_, [this](std::function<void()> task) { loop_->work(std::move(task)); });
    files_ = std::make_unique<serve::Files>(
        *inventory_, clock_,
        serve::Files::Reach{
            [this](const std::string& number) { return directory_->account(number); },
            [this](base::Ipv4 address) { return neighbours_->mac_of(address); },
            [this](base::Mac mac) -> std::optional<base::Ipv4> {
                const auto contact = registrations_->contact(mac);
                return contact ? std::optional(contact->address) : std::nullopt;
            },
            [this](const inventory::Device& device) { return desk_->may_be_guest(device); },
        });
    http_ =
        std::make_unique<serve::Http>(*loop_, settings.http, [this](const serve::Request& request) {
            return files_->answer(request);
        });
    http_->on_tls_failure(
        [this](base::Endpoint peer, const std::string& why) { tls_refused(peer, why); });
    https_ = std::make_unique<Https>(*loop_, clock_, settings.data,
                                     [this](std::shared_ptr<const serve::TlsContext> context) {
                                         http_->tls(std::move(context));
                                         has_certificate_ = true;
                                         serve_again();
                                     });
    serve::HttpLimits few;
    few.connections = few.connections_per_source = 20;
    admin_http_ = std::make_unique<serve::Http>(
        *loop_, few, [this](const serve::Request& request) { return answer_admin(request); });

    pnp::Policy policy;
    policy.decide = [this](const pnp::Asked& asked) { return desk_->decide(asked); };
    policy.prepare = [this](const pnp::Asked& asked, auto done) {
        desk_->prepare(asked, std::move(done));
    };
    policy.note = [this](base::Mac mac, inventory::Step step, base::Endpoint phone,
                         std::string_view detail) {
        if (step == inventory::Step::offered) {
            inventory_->reached(mac, inventory::Stage::offered);
        }
        inventory_->note(mac, step, phone.address.str(), detail);
    };
    policy.neighbour = [this](base::Ipv4 source, int interface_index) {
        return neighbours_->find(source, interface_index);
    };
    policy.approved_at = [this](base::Mac mac) {
        const auto now = inventory_->now();
        const auto* device = now.device(mac);
        return device != nullptr && device->is_approved() ? std::optional(device->seen.address)
                                                          : std::nullopt;
    };
    policy.answers = [this](const pnp::Asked& asked) { return desk_->answers(asked); };
    pnp_ =
        std::make_unique<pnp::Service>(*loop_, clock_, pnp_settings(settings), std::move(policy));

    inventory_->on_change([this](const std::vector<base::Mac>& macs) {
        extensions_->sync(*desk_->rules());
        loop_->post([this, macs] { pnp_->decided(desk_->concerned(macs)); });
    });

    commands_ = std::make_shared<admin::Commands>(admin::Reach{
        *inventory_,
        *directory_,
        clock_,
        [this] { return desk_->rules()->catalogue; },
        [this](base::Mac mac, const std::string& name, bool reveal) {
            return render(mac, name, reveal);
        },
        [this] { return status(); },
        [this] { return reload(); },
        [this](base::Mac mac, bool reboot) { return resync(mac, reboot); },
        [this](const inventory::Device& device) { return desk_->served_elsewhere(device); },
        [this] {
            const std::lock_guard lock(mutex_);
            return std::max(started_, clock_.unix_ms() - settings_.pnp.hold_for.count());
        },
        host_.sees_registrations != 0,
        [this] {
            std::vector<std::string> names;
            for (const auto& rule : desk_->rules()->approval_rules) {
                names.push_back(rule.name);
            }
            return names;
        },
        [this]() -> Result<admin::Reach::Certificate> {
            if (auto off = https_off()) {
                return tl::unexpected(std::move(*off));
            }
            return https_->certificate();
        },
        [this]() -> Result<std::string> {
            if (auto off = https_off()) {
                return tl::unexpected(std::move(*off));
            }
            return https_->authority();
        },
        [this] { return penalties(); },
        [this] { return probe(); },
    });
    apply(settings, catalogue);
    extensions_->sync(*desk_->rules());

    // Everything below runs on the loop thread only; the loop starts when all of it is in place.
    control_ = std::make_unique<admin::Control>(*loop_, commands_);
    if (!settings.control.empty() && settings.control != "none") {
        if (auto done = control_->listen(settings.control); !done) {
            return done;
        }
    }
    interfaces_ = std::make_unique<base::Interfaces>(
        *loop_, [this](const std::vector<base::Interface>& rows) { serve(rows); });
    ticker_ = std::make_unique<base::Timer>(*loop_);
    ticker_->after(std::chrono::seconds(1), [this] { tick(); });
    loop_->start();
    return {};
}

Engine::~Engine() {
    if (loop_) {
        loop_->stop();
    }
    ticker_.reset();
    interfaces_.reset();
    control_.reset();
    neighbours_.reset(); // it tells the next one
    pnp_.reset();
    admin_http_.reset();
    https_.reset();
    http_.reset();
    if (inventory_) {
        if (auto done = inventory_->flush(); !done) {
            log::error("engine", "{}", done.error().what);
        }
    }
    commands_.reset();
    files_.reset();
    registrations_.reset();
    extensions_.reset();
    desk_.reset();
    directory_.reset();
    loop_.reset();
    inventory_.reset();
    log::set_sink({});
}

/// Loop thread.
Desk::Neighbour Engine::neighbour_of(const pnp::Asked& asked) const {
    if (pnp_->settings().neighbour_check != base::NeighbourCheck::enforce || asked.vouched_for) {
        return Desk::Neighbour::fine;
    }
    const auto shown = neighbours_->find(asked.source.address, asked.interface_index);
    if (!shown) {
        return Desk::Neighbour::unknown;
    }
    return shown->mac == asked.mac ? Desk::Neighbour::fine : Desk::Neighbour::other;
}

pnp::Settings Engine::pnp_settings(const Settings& settings) {
    auto out = settings.pnp;
    out.most_held = settings.limits.max_heard;
    out.neighbour_check = settings.neighbour_check;
    out.neighbour_allow = settings.neighbour_allow;
    return out;
}

void Engine::apply(const Settings& settings, std::shared_ptr<const profile::Catalogue> catalogue) {
    log::set_level("", log::Level::info);
    for (const auto& [room, level] : settings.levels) {
        log::set_level(room, level);
    }
    const profile::Ports ports{settings.http_port, settings.https_port};
    desk_->rules(std::make_shared<const Desk::Rules>(Desk::Rules{
        catalogue, settings.rules, settings.unknown_phone, ports, settings.extensions_context,
        settings.approval_rules, settings.reoffer, settings.reoffer_quiet}));
    serve::FileSettings files{std::move(catalogue), settings.rules, ports};
    files.gate.neighbour_check = settings.neighbour_check;
    files.gate.neighbour_allow = settings.neighbour_allow;
    files.gate.source_check = settings.source_check;
    files.gate.allow = settings.allow;
    files.reoffer_quiet = settings.reoffer_quiet;
    files_->settings(std::move(files));
    const std::lock_guard lock(mutex_);
    settings_ = settings;
}

base::Result<std::string> Engine::reload() {
    auto loaded = load();
    if (!loaded) {
        return tl::unexpected(loaded.error());
    }
    if (loaded->settings.https_port != 0) {
        if (auto good = Https::check(wanted_certificate(loaded->settings), clock_.unix_ms());
            !good) {
            return tl::unexpected(good.error());
        }
    }
    std::vector<std::string> restart;
    {
        const std::lock_guard lock(mutex_);
        restart = needs_restart(settings_, loaded->settings);
        keep_until_restart(loaded->settings, settings_);
    }
    // The sockets belong to the loop thread; a console waits for it, the loop never for a console.
    auto applied = std::make_shared<std::promise<void>>();
    auto done = applied->get_future();
    loop_->post([this, loaded = std::move(*loaded), applied] {
        apply(loaded.settings, loaded.catalogue);
        pnp_->settings(pnp_settings(loaded.settings));
        reads_certificate_again_ = !loaded.settings.tls_certificate.empty();
        serve_again();
        pnp_->decided(desk_->all_undecided()); // there may be a rule for those who wait
        applied->set_value();
    });
    if (done.wait_for(std::chrono::seconds(10)) != std::future_status::ready) {
        return fail(Errc::io, "the loop is busy; look at the log and try again");
    }
    extensions_->sync(*desk_->rules(), true);
    log::info("engine", "configuration and templates read again");
    return restart.empty() ? std::string("Configuration and templates were read again.")
                           : fmt::format("Configuration and templates were read again. These wait "
                                         "for a restart: {}.",
                                         fmt::join(restart, ", "));
}

void Engine::serve(const std::vector<base::Interface>& rows) {
    base::InterfaceChoice choice;
    profile::Ports ports;
    Https::Wanted certificate;
    {
        const std::lock_guard lock(mutex_);
        choice = settings_.interfaces;
        ports = {settings_.http_port, settings_.https_port};
        certificate = wanted_certificate(settings_);
    }
    Seen seen;
    seen.all = rows;
    std::vector<base::Endpoint> endpoints;
    serve::Surroundings around;
    std::vector<base::Endpoint> with_tls;
    for (const auto& row : rows) {
        around.own.push_back(row.address);
        if (choice.takes(row)) {
            around.served.push_back(row.network());
            seen.served.push_back(row);
            endpoints.push_back({row.address, ports.http});
            certificate.addresses.push_back(row.address);
            if (ports.https != 0 && has_certificate_) {
                with_tls.push_back({row.address, ports.https});
            }
        }
    }
    if (ports.https != 0) {
        https_->want(std::move(certificate), std::exchange(reads_certificate_again_, false));
        if (auto problem = https_->problem()) {
            seen.problems.push_back(std::move(*problem));
        }
    }
    files_->surroundings(std::move(around));
    for (const auto& error : pnp_->serve(seen.served)) {
        seen.problems.push_back(error.what);
    }
    for (const auto& error : http_->listen(endpoints, with_tls)) {
        seen.problems.push_back(error.what);
    }
    for (const auto& name : choice.names) {
        if (std::none_of(rows.begin(), rows.end(), [&](const auto& row) {
                return row.name == name || row.address.str() == name;
            })) {
            seen.problems.push_back(
                fmt::format("{} is not up or has no IPv4 address; it is served once it has", name));
        }
    }
    if (seen.served.empty() && choice.automatic) {
        seen.problems.emplace_back("no interface has a private address and takes multicast; name "
                                   "one: interfaces = NAME");
    }
    seen.listening = http_->listening();
    seen.listening_with_tls = http_->listening_with_tls();
    seen.metrics = serve_admin();
    seen.hears_group = pnp_->hears_group();

    const std::lock_guard lock(mutex_);
    if (seen.served != seen_.served) {
        std::vector<std::string> names;
        for (const auto& row : seen.served) {
            names.push_back(fmt::format("{} ({})", row.name, row.address.str()));
        }
        log::info("engine", "phones are served on {}", joined(names, "no interface"));
    }
    for (const auto& problem : seen.problems) {
        if (std::find(seen_.problems.begin(), seen_.problems.end(), problem) ==
            seen_.problems.end()) {
            log::error("engine", "{}", problem);
        }
    }
    seen_ = std::move(seen);
}

/// Where the metrics are, or why they are nowhere: of several on one machine only one has the port,
/// and the others do their work all the same.
std::string Engine::serve_admin() {
    std::uint16_t port = 0;
    std::string before;
    {
        const std::lock_guard lock(mutex_);
        port = settings_.admin_port;
        before = seen_.metrics;
    }
    if (port == 0) {
        admin_http_->listen({});
        return "off";
    }
    const auto errors = admin_http_->listen({{base::Ipv4{0x7F'00'00'01}, port}});
    if (errors.empty()) {
        return fmt::format("http://127.0.0.1:{}/metrics", port);
    }
    auto why = fmt::format("not told: {} (admin_port)", errors.front().what);
    if (why != before) {
        log::warn("engine", "metrics are {}", why);
    }
    return why;
}

std::optional<base::Error> Engine::https_off() const {
    const std::lock_guard lock(mutex_);
    if (settings_.https_port != 0) {
        return {};
    }
    return base::Error{Errc::not_found, "HTTPS is off; set https_port in pnp.conf to have it"};
}

/// For the story of the phone that was seen there last.
void Engine::tls_refused(base::Endpoint peer, const std::string& why) {
    if (!tls_refusals_.take(clock_.now())) {
        return; // the log has its own limit, and counts
    }
    loop_->work([this, peer, why] {
        const auto now = inventory_->now();
        const inventory::Device* last = nullptr;
        for (const auto* device : now.devices()) {
            if (device->seen.address == peer.address &&
                (last == nullptr || device->seen.last > last->seen.last)) {
                last = device;
            }
        }
        if (last != nullptr) {
            inventory_->note(last->mac, inventory::Step::file_refused, peer.address.str(),
                             "HTTPS: " + why);
        }
    });
}

/// Those at the file door, and those whose SIP questions are too many. From any thread.
std::vector<serve::Files::Penalty> Engine::penalties() const {
    auto all = files_->penalties();
    const auto now = clock_.now();
    const auto unix_now = clock_.unix_ms();
    for (const auto& source : pnp_->limited()) {
        serve::Penalties::Row row;
        row.who = source.address.value;
        row.held = source.refused;
        row.since = now - std::chrono::milliseconds(unix_now - source.since);
        row.until =
            now - std::chrono::milliseconds(unix_now - source.last) + pnp::Limits::listed_for;
        row.standing = serve::Standing::slowed;
        all.push_back({source.address.str() + " (SIP)", row});
    }
    return all;
}

Result<std::vector<pnp::Rival>> Engine::probe() {
    auto answered = std::make_shared<std::promise<std::vector<pnp::Rival>>>();
    auto rivals = answered->get_future();
    loop_->post([this, answered] {
        pnp_->probe(
            [answered](std::vector<pnp::Rival> heard) { answered->set_value(std::move(heard)); });
    });
    if (rivals.wait_for(pnp::Probe::patience + std::chrono::seconds(5)) !=
        std::future_status::ready) {
        return fail(Errc::io, "the loop is busy; look at the log and try again");
    }
    auto heard = rivals.get();
    const std::lock_guard lock(mutex_);
    rivals_ = heard;
    return heard;
}

void Engine::serve_again() {
    std::vector<base::Interface> all;
    {
        const std::lock_guard lock(mutex_);
        all = seen_.all;
    }
    serve(all);
}

void Engine::tick() {
    ticker_->after(std::chrono::seconds(1), [this] { tick(); });
    resync_waiting();
    if (!flushing_.exchange(true)) {
        loop_->work([this] {
            if (auto done = inventory_->flush(); !done) {
                log::debug("engine", "{}", done.error().what); // the inventory warns, at its pace
            }
            flushing_ = false;
        });
    }
    // What could not be opened is tried again: the port may be free by now.
    if (++ticks_ % 10 == 0) {
        https_->look_at_the_clock();
        {
            const std::lock_guard lock(mutex_);
            if (seen_.problems.empty()) {
                return;
            }
        }
        serve_again();
    }
}

void Engine::offer_host() {
    if (host_.step != nullptr) {
        inventory_->on_step([this](const inventory::Device& device, const inventory::Event& event) {
            tell_step(device, event);
        });
    }
    if (host_.find_account == nullptr) {
        return;
    }
    inventory_->host_numbers(
        [this](const std::string& number) { return host_account(number).has_value(); });
    const auto may_own = [this](const std::string& number) {
        return extensions_->fits(number, desk_->rules()->extensions_context);
    };
    const auto list = [this](const dialplan::Directory::Visit& visit) {
        struct Visitor {
            const dialplan::Directory::Visit& visit;
            std::exception_ptr thrown; // not through the host's frames
        } visitor{visit, nullptr};

        if (host_.list_accounts != nullptr) {
            host_.list_accounts(
                host_.context,
                [](void* to, const char* number, const char* name) {
                    auto& each = *static_cast<Visitor*>(to);
                    try {
                        if (!each.thrown) {
                            each.visit(number, name);
                        }
                    } catch (...) {
                        each.thrown = std::current_exception();
                    }
                },
                &visitor);
        }
        if (visitor.thrown) {
            std::rethrow_exception(visitor.thrown);
        }
    };
    directory_->host([this](const std::string& number) { return host_account(number); }, may_own,
                     list);
}

Result<profile::Account> Engine::host_account(const std::string& number) const {
    pnp_account account{};
    std::array<char, 512> why{};
    const int found =
        host_.find_account(host_.context, number.c_str(), &account, why.data(), why.size());
    if (found != 0) {
        return fail(found == PNP_NONE ? Errc::not_found : Errc::refused, "{}", why.data());
    }
    profile::Account out{account.number, account.name, base::Secret(account.password),
                         account.user};
    ::explicit_bzero(&account, sizeof account);
    if (out.password.empty()) {
        return fail(Errc::refused, "extension {} has no password that a phone could use", number);
    }
    return out;
}

void Engine::tell_step(const inventory::Device& device, const inventory::Event& event) {
    if (device.approval == inventory::Approval::pending) {
        const std::lock_guard lock(telling_);
        if (!strangers_told_.take(clock_.now())) {
            return; // anybody can make strangers up
        }
    }
    const auto mac = device.mac.str();
    const auto lines = fmt::format("{}", fmt::join(device.lines, ","));
    const std::string step(inventory::name(event.step));
    const std::string state(device.state());
    const pnp_step told{mac.c_str(),   step.c_str(),          state.c_str(),
                        lines.c_str(), event.address.c_str(), event.detail.c_str()};
    host_.step(host_.context, &told);
}

void Engine::release_port(std::chrono::milliseconds patience) {
    auto released = std::make_shared<std::promise<void>>();
    auto done = released->get_future();
    loop_->post([this, released] {
        pnp_->release_group();
        released->set_value();
    });
    if (done.wait_for(patience) != std::future_status::ready) {
        log::error("engine", "the loop is busy and holds the group's port while the PBX opens its "
                             "own; if that fails, reload the PBX's transports once more");
    }
}

void Engine::take_port() {
    loop_->post([this] {
        pnp_->take_group();
        serve_again(); // what is wrong is told there, and in `status`
    });
}

std::optional<base::Interface> Engine::interface_towards(base::Ipv4 phone) const {
    const std::lock_guard lock(mutex_);
    for (const auto& row : seen_.served) {
        if (row.network().contains(phone)) {
            return row;
        }
    }
    if (!seen_.served.empty()) {
        return seen_.served.front();
    }
    return {};
}

Result<std::string> Engine::render(base::Mac mac, const std::string& name, bool reveal) const {
    const auto now = inventory_->now();
    const auto* device = now.device(mac);
    const auto row = interface_towards(device != nullptr ? device->seen.address : base::Ipv4{});
    if (!row) {
        return fail(Errc::not_found, "no interface is served, so the file has no address to name; "
                                     "see `pnp status`");
    }
    return files_->render(mac, name, row->address, reveal);
}

/// The PBX reaches a phone through whatever it registered through, so it goes first.
Result<std::string> Engine::resync_by_host(const inventory::Device& device,
                                           const std::string& event) {
    if (host_.send_notify == nullptr) {
        return fail(Errc::not_found, "there is no PBX");
    }
    const auto contact = registrations_->contact(device.mac);
    const auto address = (contact ? contact->address : device.seen.address).str();
    std::string reason = "it has no extension";
    for (const auto& number : device.lines) {
        std::array<char, 256> why{};
        if (host_.send_notify(host_.context, number.c_str(), address.c_str(), event.c_str(),
                              why.data(), why.size()) == 0) {
            inventory_->note(device.mac, inventory::Step::resync_sent, address,
                             fmt::format("NOTIFY {} by the PBX", event));
            return fmt::format("NOTIFY with Event {} goes out by the PBX.", event);
        }
        reason = why.data();
    }
    return fail(Errc::not_found, "{}", reason);
}

Result<std::string> Engine::resync(base::Mac mac, bool reboot) {
    {
        const std::lock_guard lock(pacing_);
        const auto same = std::find_if(resyncs_waiting_.begin(), resyncs_waiting_.end(),
                                       [&](const auto& one) { return one.first == mac; });
        if (same != resyncs_waiting_.end()) {
            same->second = same->second || reboot;
            return fmt::format("{} is in the row already.", mac.str());
        }
        if (!resyncs_waiting_.empty() || !resyncs_.take(clock_.now())) {
            resyncs_waiting_.emplace_back(mac, reboot);
            return fmt::format("Many phones are told at a time: {} has its turn in about {} s, and "
                               "`pnp explain {}` shows the answer.",
                               mac.str(), 1 + resyncs_waiting_.size() / 2, mac.str());
        }
    }
    return resync_now(mac, reboot);
}

/// Each second, on the loop thread.
void Engine::resync_waiting() {
    const std::lock_guard lock(pacing_);
    while (!resyncs_waiting_.empty() && resyncs_.take(clock_.now())) {
        const auto [mac, reboot] = resyncs_waiting_.front();
        resyncs_waiting_.pop_front();
        loop_->work([this, mac = mac, reboot = reboot] {
            if (const auto done = resync_now(mac, reboot); !done) {
                inventory_->note(mac, inventory::Step::resync_failed, "", done.error().what);
            }
        });
    }
}

Result<std::string> Engine::resync_now(base::Mac mac, bool reboot) {
    const auto now = inventory_->now();
    const auto* device = now.device(mac);
    if (device == nullptr || !device->was_heard()) {
        return fail(Errc::not_found, "{} was never heard, so its address is unknown; plug it in",
                    mac.str());
    }
    const auto* vendor = desk_->vendor_of(*device);
    if (vendor == nullptr || vendor->resync_event.empty()) {
        return fail(Errc::not_found,
                    "no profile says how phones like {} are told to come again; "
                    "restart it by hand",
                    mac.str());
    }
    const auto& event =
        reboot && !vendor->reboot_event.empty() ? vendor->reboot_event : vendor->resync_event;
    auto by_host = resync_by_host(*device, event);
    if (by_host) {
        return by_host;
    }
    log::debug("engine", "{} is told to come again by ourselves: {}", mac.str(),
               by_host.error().what);
    const auto contact = registrations_->contact(mac);
    const auto address = contact ? contact->address : device->seen.address;
    const auto row = interface_towards(address);
    if (!row || !row->network().contains(address)) {
        return fail(Errc::refused, "{} was last seen at {}, which is in no network that is served",
                    mac.str(), address.str());
    }
    const base::Endpoint phone{address, contact ? contact->port : vendor->sip_port};
    inventory_->note(mac, inventory::Step::resync_sent, address.str(),
                     fmt::format("NOTIFY {} to port {}", event, phone.port));
    loop_->post([this, mac, phone, local = row->address, event] {
        pnp_->resync(mac, phone, local, event, [this, mac, phone](const pnp::ResyncResult& result) {
            if (result.status >= 200 && result.status < 300) {
                inventory_->note(mac, inventory::Step::resync_answered, phone.address.str(),
                                 fmt::format("{} {}", result.status, result.reason));
            } else if (result.status == 0) {
                inventory_->note(mac, inventory::Step::resync_failed, phone.address.str(),
                                 result.reason.empty() ? "no answer" : result.reason);
            } else {
                inventory_->note(mac, inventory::Step::resync_failed, phone.address.str(),
                                 fmt::format("{} {}", result.status, result.reason));
            }
        });
    });
    return fmt::format("NOTIFY with Event {} was sent to {}; `pnp explain {}` shows the answer.",
                       event, phone.str(), mac.str());
}

std::vector<admin::Reach::StatusRow> Engine::status() const {
    Seen seen;
    Settings settings;
    std::vector<pnp::Rival> rivals;
    {
        const std::lock_guard lock(mutex_);
        rivals = rivals_;
        seen = seen_;
        settings = settings_;
    }
    std::vector<admin::Reach::StatusRow> rows;
    const auto say = [&](std::string name, std::string value, bool is_problem = false) {
        rows.push_back({std::move(name), std::move(value), is_problem});
    };
    say("version", fmt::format("PBX PnP {} in {}", PNP_VERSION,
                               host_.name != nullptr ? host_.name : "an unnamed host"));
    say("running", base::format_duration(
                       std::chrono::milliseconds((clock_.unix_ms() - started_) / 1000 * 1000)));
    std::vector<std::string> names;
    for (const auto& row : seen.served) {
        names.push_back(fmt::format("{} {}/{}", row.name, row.address.str(), row.prefix));
    }
    say("interfaces", joined(names, "none"), names.empty());
    const bool is_off = settings.pnp.receive == pnp::Receive::off;
    say("SIP group",
        fmt::format("{} {}", settings.pnp.group.str(),
                    is_off             ? "is not heard (receive = off)"
                    : seen.hears_group ? "is heard"
                                       : "is NOT heard"),
        !seen.hears_group && !is_off);
    std::vector<std::string> listening;
    for (const auto& endpoint : seen.listening) {
        listening.push_back("http://" + endpoint.str());
    }
    for (const auto& endpoint : seen.listening_with_tls) {
        listening.push_back("https://" + endpoint.str());
    }
    say("files", joined(listening, "not served"), listening.empty());
    say("metrics", seen.metrics);
    say("database", settings.data + "/pnp.sqlite3");
    say("control", settings.control.empty() ? "none" : settings.control);
    say("configuration", config_file_.empty() || ::access(config_file_.c_str(), F_OK) != 0
                             ? "built-in defaults"
                             : config_file_);
    const auto sip = pnp_->counters();
    say("SUBSCRIBE",
        fmt::format("{} understood, {} repeated, {} malformed, {} not ours, {} from "
                    "outside, {} over the limit, {} dropped by the kernel",
                    sip.subscribes, sip.retransmissions, sip.malformed, sip.not_ours,
                    sip.foreign_source, sip.limited + sip.table_full, sip.kernel_drops));
    say("NOTIFY", fmt::format("{} offered, {} accepted, {} failed, {} phones wait", sip.offers,
                              sip.notify_accepted, sip.notify_failed, sip.held));
    const auto http = http_->counters();
    say("HTTP",
        fmt::format("{} requests, {} bad, {} timed out, {} connections refused, {} open, {} "
                    "made room, {} told to come again later",
                    http.requests, http.bad_requests, http.timeouts, http.refused_connections,
                    http.open, http.evicted, http.limited + http.overloaded));
    say("HTTPS", fmt::format("{} handshakes, {} failed", http.handshakes, http.tls_failures));
    const auto store = inventory_->counters();
    say("strangers", fmt::format("{} dropped over max_heard", store.strangers_dropped));
    if (store.flush_failures > 0) {
        say("disk",
            fmt::format("{} times the timeline could not be written{}; see the log",
                        store.flush_failures, store.flush_fails ? "" : ", now it can"),
            store.flush_fails);
    }
    const auto now = inventory_->now();
    const auto devices = now.devices();
    const auto approved = std::count_if(devices.begin(), devices.end(),
                                        [](const auto* device) { return device->is_approved(); });
    for (auto& row : describe({settings.neighbour_check, neighbours_->is_followed(),
                               neighbours_->size(), static_cast<std::size_t>(approved),
                               base::Neighbours::kernel_limit(), sip.mismatches})) {
        rows.push_back(std::move(row));
    }
    for (const auto& rival : rivals) {
        say("rival", rival.sentence() + " (as `pnp probe` found last)", true);
    }
    for (const auto& problem : seen.problems) {
        say("problem", problem, true);
    }
    for (const auto& problem : extensions_->problems()) {
        say("problem", problem, true);
    }
    return rows;
}

} // namespace engine
