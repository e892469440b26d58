// SPDX-License-Identifier: MIT
#include "module/engine.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>
#include <future>

#include <fmt/ranges.h>

#include <unistd.h>

namespace engine {

using base::Errc;
using base::fail;
using base::Result;

namespace log = base::log;

namespace {

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
    using Workpoints = Https::Workpoints;
    return {settings.tls_certificate,
            settings.tls_key,
            {},
            !settings.wpi.on          ? Workpoints::none
            : settings.wpi.tls_legacy ? Workpoints::legacy
                                      : Workpoints::modern};
}

bool needs_certificate(const Settings& settings) {
    return settings.https_port != 0 || settings.wpi.on;
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
        if (settings->firmware_folder.empty()) {
            settings->firmware_folder = settings->data + "/firmware";
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
    if (is_in_memory(settings.data)) {
        base::log::warn("engine",
                        "{0} is in memory: every phone, extension and password in it is gone when "
                        "this machine starts again; stop PBX PnP, move pnp.* from there to a "
                        "folder on a disk, and write that as data",
                        settings.data);
    }

    loop_ = std::make_unique<base::Loop>();
    neighbours_ = std::make_unique<base::Neighbours>(
        *loop_,
        [this](const std::vector<base::Ipv4>& addresses) { pnp_->neighbours_changed(addresses); },
        [this](const auto& places) { neighbours_moved(places); });
    directory_ = std::make_unique<dialplan::Directory>(*inventory_);
    fleet_ = make_fleet();
    if (auto done = fleet_->recall(); !done) {
        return done;
    }
    digit_maps_ = std::make_unique<DigitMaps>(host_, clock_);
    offer_host();
    desk_ = std::make_unique<Desk>(
        *loop_, *inventory_, clock_,
        Desk::Senses{[this](const pnp::Asked& asked) { return neighbour_of(asked); },
                     [this](base::Mac mac) { return registrations_->contact(mac); },
                     [this](const std::vector<base::Mac>& macs) { pnp_->decided(macs); },
                     [this](base::Ipv4 local) { return speaks_tls(local); }});
    if (auto done = desk_->recall(); !done) {
        return done;
    }
    extensions_ = std::make_unique<Extensions>(host_, *inventory_);
    registrations_ = std::make_unique<Registrations>(
        *inventory_, clock_, [this](std::function<void()> task) { loop_->work(std::move(task)); });
    claims_ = std::make_unique<Claims>(
        *inventory_, *registrations_, clock_,
        [this](base::Mac mac) {
            if (const auto done = resync(mac, false); !done) {
                inventory_->note(mac, inventory::Step::resync_failed, "", done.error().what);
            }
        },
        [this](base::Mac mac) {
            const auto now = inventory_->now();
            const auto* device = now.device(mac);
            return device != nullptr && in_call(*device).value_or(false);
        });
    files_ = std::make_unique<serve::Files>(
        *inventory_, clock_,
        serve::Files::Reach{
            [this](const std::string& number) { return directory_->account(number); },
            [this](base::Ipv4 address) { return neighbour_at(address); },
            host_.sees_registrations == 0 ? serve::Boot::Registered{}
                                          : [this](base::Mac mac) -> std::optional<base::Ipv4> {
                const auto contact = registrations_->contact(mac);
                return contact ? std::optional(contact->address) : std::nullopt;
            },
            [this](const inventory::Device& device) { return desk_->may_be_guest(device); },
            [this](const profile::Vendor& vendor, const profile::Site& site,
                   const profile::Account& account) {
                return digit_maps_->map_of(
                    vendor, site, account.number,
                    account.context.empty()
                        ? Extensions::context_of(inventory_->now(), account.number, *desk_->rules())
                        : account.context);
            },
        });
    http_ =
        std::make_unique<serve::Http>(*loop_, settings.http, [this](const serve::Request& request) {
            return files_->answer(request);
        });
    if (host_.find_account == nullptr) { // no account lies in a PBX, which takes its time
        http_->at_hand([this](const serve::Request& request) { return files_->at_hand(request); });
    }
    http_->let_through([this](const serve::Request& request) { return files_->phone_of(request); });
    http_->on_tls_failure(
        [this](base::Endpoint peer, const std::string& why) { tls_refused(peer, why); });
    tftp_ = std::make_unique<serve::Tftp>(
        *loop_, serve::TftpLimits{},
        [this](const serve::TftpRequest& request) { return file_by_tftp(request); });
    workpoints_ = std::make_unique<Workpoints>(
        *loop_, *inventory_, clock_, settings,
        Workpoints::Reach{
            [this](const std::string& number) { return directory_->account(number); },
            [this](base::Ipv4 address) { return neighbour_at(address); },
            [this](base::Ipv4 address) { return own_address_at(address); },
            [this](base::Ipv4 address) {
                const auto row = interface_towards(address);
                return row ? std::optional(row->address) : std::nullopt;
            },
            [this](base::Endpoint peer, const std::string& why) { tls_refused(peer, why); },
        });
    https_ = std::make_unique<Https>(
        *loop_, clock_, settings.data,
        [this](const Https::Contexts& contexts) { has_certificate(contexts); });
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
        workpoints_->changed(macs);
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
        [this](base::Mac mac, bool reboot) {
            files_->try_firmware_again(mac);
            return resync(mac, reboot);
        },
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
        [this] { return files_->firmware(); },
        [this] { return probe(); },
        [this] { return approval_rules(); },
        [this](std::optional<base::Ipv4> host) {
            return host_or_only_one(host).and_then(
                [&](base::Ipv4 own) { return files_->public_files(own); });
        },
        [this](base::Mac mac, std::optional<base::Ipv4> host) {
            return host_or_only_one(host).and_then(
                [&](base::Ipv4 own) { return files_->card_file(mac, own); });
        },
        [this] {
            std::vector<base::Ipv4> addresses;
            const std::lock_guard lock(mutex_);
            for (const auto& row : seen_.served) {
                addresses.push_back(row.address);
            }
            return addresses;
        },
        [this] {
            const std::lock_guard lock(mutex_);
            return settings_.tftp ? std::optional(seen_.listening_by_tftp) : std::nullopt;
        },
        [this] {
            const std::lock_guard lock(mutex_);
            return settings_.wpi.on ? settings_.wpi.port : std::uint16_t{0};
        },
        [this]() -> std::optional<admin::Reach::Workpoints> {
            const std::lock_guard lock(mutex_);
            const auto& wpi = settings_.wpi;
            return wpi.on
                       ? std::optional(admin::Reach::Workpoints{wpi.factory_reset,
                                                                settings_.firmware_folder,
                                                                wpi.poll_port, wpi.poll_interval})
                       : std::nullopt;
        },
        [this](const inventory::Device& device) { return workpoints_->wanted(device); },
        admin::Reach::Fleet{
            [this](inventory::Fleet order) { return fleet_->begin(std::move(order)); },
            [this](bool stopped, std::string_view actor) { return fleet_->stop(stopped, actor); },
            [this] { return fleet_->report(); },
            [this](const inventory::Device& device) { return in_call(device); },
            [this](const inventory::Device& device) { return may_resync(&device, device.mac); },
            Fleet::most_per_minute,
        },
        [this](const inventory::Device& device) { return unwatched(device); },
        [this] { return digit_maps_->plan(); },
        [this] { return digit_maps_->emergency(); },
        [this] { return claim_code(); },
        [this] {
            const std::lock_guard lock(mutex_);
            return settings_.pools;
        },
    });
    apply(settings, catalogue);
    extensions_->sync(*desk_->rules());
    put_codes();

    // Everything below runs on the loop thread only; the loop starts when all of it is in place.
    if (auto done = listen_for_commands(settings); !done) {
        return done;
    }
    interfaces_ = std::make_unique<base::Interfaces>(
        *loop_, [this](const std::vector<base::Interface>& rows) { serve(rows); });
    host_timer_ = std::make_unique<base::Timer>(*loop_);
    ticker_ = std::make_unique<base::Timer>(*loop_);
    ticker_->after(std::chrono::seconds(1), [this] { tick(); });
    loop_->start();
    return {};
}

base::Status Engine::listen_for_commands(const Settings& settings) {
    control_ = std::make_unique<admin::Control>(*loop_, commands_);
    if (!settings.control.empty() && settings.control != "none") {
        if (auto done = control_->listen(settings.control); !done) {
            return done;
        }
    }
    if (settings.dhcp_control.empty()) {
        return {};
    }
    admin::ControlLimits limits;
    limits.connections = 8;
    limits.input_bytes = 0;
    limits.only = "dhcp-event";
    dhcp_control_ = std::make_unique<admin::Control>(*loop_, commands_, limits);
    return dhcp_control_->listen(settings.dhcp_control);
}

Engine::~Engine() {
    if (loop_) {
        loop_->stop();
    }
    ticker_.reset();
    host_timer_.reset();
    interfaces_.reset();
    dhcp_control_.reset();
    control_.reset();
    neighbours_.reset(); // it tells the next one
    pnp_.reset();
    admin_http_.reset();
    https_.reset();
    workpoints_.reset();
    tftp_.reset();
    http_.reset();
    if (inventory_) {
        if (auto done = inventory_->flush(); !done) {
            log::error("engine", "{}", done.error().what);
        }
    }
    commands_.reset();
    files_.reset();
    claims_.reset();
    registrations_.reset();
    extensions_.reset();
    desk_.reset();
    directory_.reset();
    fleet_.reset();
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
        settings.approval_rules, settings.reoffer, settings.reoffer_quiet,
        host_.put_codes != nullptr ? settings.claims : ClaimCodes()}));
    serve::FileSettings files{std::move(catalogue), settings.rules, ports};
    files.gate.neighbour_check = settings.neighbour_check;
    files.gate.neighbour_allow = settings.neighbour_allow;
    files.gate.source_check = settings.source_check;
    files.gate.allow = settings.allow;
    files.reoffer_quiet = settings.reoffer_quiet;
    files.firmware = settings.firmware;
    files.firmware_folder = settings.firmware_folder;
    files.workpoints = {settings.wpi.port, settings.wpi.poll_port, settings.wpi.poll_interval};
    digit_maps_->settings(settings.claims.emergency);
    files_->settings(files);
    workpoints_->settings(settings, std::make_shared<const serve::FileSettings>(std::move(files)));
    const std::lock_guard lock(mutex_);
    settings_ = settings;
}

base::Result<std::string> Engine::reload() {
    auto loaded = load();
    if (!loaded) {
        return tl::unexpected(loaded.error());
    }
    if (needs_certificate(loaded->settings)) {
        if (auto good = Https::check(wanted_certificate(loaded->settings), clock_.unix_ms());
            !good) {
            return tl::unexpected(good.error());
        }
    }
    if (auto clash = code_clash(loaded->settings.claims); !clash.empty()) {
        return fail(Errc::conflict, "{}", clash);
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
    // Guests may have another context now, and emergency numbers are there before they are.
    put_codes();
    extensions_->sync(*desk_->rules(), true);
    drop_codes();
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
    bool wants_certificate = false;
    {
        const std::lock_guard lock(mutex_);
        wants_certificate = needs_certificate(settings_);
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
    if (wants_certificate) {
        https_->want(std::move(certificate), std::exchange(reads_certificate_again_, false));
        if (auto problem = https_->problem()) {
            seen.problems.push_back(std::move(*problem));
        }
    }
    for (const auto& error : workpoints_->listen(seen.served, around)) {
        seen.problems.push_back(error.what);
    }
    files_->surroundings(std::move(around));
    for (const auto& error : pnp_->serve(seen.served)) {
        seen.problems.push_back(error.what);
    }
    for (const auto& error : http_->listen(endpoints, with_tls)) {
        seen.problems.push_back(error.what);
    }
    serve_tftp(seen);
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
    if (take_over(std::move(seen))) {
        pnp_->decided(desk_->all_undecided()); // there may be some who wait for it
    }
}

void Engine::serve_tftp(Seen& seen) {
    std::vector<base::Endpoint> endpoints;
    std::vector<base::Network> networks;
    {
        const std::lock_guard lock(mutex_);
        networks = settings_.allow;
        for (const auto& row : seen.served) {
            networks.push_back(row.network());
            if (settings_.tftp) {
                endpoints.push_back({row.address, settings_.tftp_port});
            }
        }
    }
    for (const auto& error : tftp_->listen(endpoints, std::move(networks))) {
        seen.problems.push_back(error.what);
    }
    seen.listening_by_tftp = tftp_->listening();
}

/// On a worker.
std::shared_ptr<const std::string> Engine::file_by_tftp(const serve::TftpRequest& asked) const {
    serve::Request request;
    request.method = "GET";
    request.path = "/" + asked.name;
    request.peer = asked.peer;
    request.local = asked.local;
    auto response = files_->by_tftp(request);
    return response.status == 200 ? std::move(response.body) : nullptr;
}

/// By default for the phones of the only network that is served.
Result<base::Ipv4> Engine::host_or_only_one(std::optional<base::Ipv4> host) const {
    const std::lock_guard lock(mutex_);
    if (!host && seen_.served.size() != 1) {
        return fail(Errc::not_found,
                    "{} interfaces are served; say by --host ADDRESS which of our addresses the "
                    "phones are to ask",
                    seen_.served.size());
    }
    return host ? *host : seen_.served.front().address;
}

/// What consoles are shown from now on; true where HTTPS is spoken at other addresses than before.
bool Engine::take_over(Seen seen) {
    const std::lock_guard lock(mutex_);
    if (seen.served != seen_.served) {
        std::vector<std::string> names;
        for (const auto& row : seen.served) {
            names.push_back(fmt::format("{} ({})", row.name, row.address.str()));
        }
        log::info("engine", "phones are served on {}",
                  names.empty() ? std::string("no interface")
                                : fmt::format("{}", fmt::join(names, ", ")));
    }
    for (const auto& problem : seen.problems) {
        if (std::find(seen_.problems.begin(), seen_.problems.end(), problem) ==
            seen_.problems.end()) {
            log::error("engine", "{}", problem);
        }
    }
    const bool is_other_tls = seen.listening_with_tls != seen_.listening_with_tls;
    seen_ = std::move(seen);
    return is_other_tls;
}

/// Loop thread.
bool Engine::speaks_tls(base::Ipv4 local) const {
    const auto listening = http_->listening_with_tls();
    return has_certificate_ &&
           std::any_of(listening.begin(), listening.end(),
                       [&](base::Endpoint endpoint) { return endpoint.address == local; });
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

void Engine::has_certificate(const Https::Contexts& contexts) {
    http_->tls(contexts.files);
    workpoints_->tls(contexts.workpoints);
    has_certificate_ = true;
    serve_again();
}

std::optional<base::Error> Engine::https_off() const {
    const std::lock_guard lock(mutex_);
    if (needs_certificate(settings_)) {
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
        // One that never came further has no address with us, but the network shows its MAC.
        const auto shown = neighbour_at(peer.address);
        const auto* last = shown ? now.device(*shown) : nullptr;
        if (last == nullptr) {
            for (const auto* device : now.devices()) {
                if (device->seen.address == peer.address &&
                    (last == nullptr || device->seen.last > last->seen.last)) {
                    last = device;
                }
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
    desk_->tick();
    fleet_->tick();
    look_at_strayed();
    workpoints_->tick();
    // A flush holds the disk, and there a crowd of phones that start at once waits for its tokens.
    constexpr int longest_wait = 5;
    flush_waits_ = desk_->is_minting() && flush_waits_ < longest_wait ? flush_waits_ + 1 : 0;
    if (flush_waits_ == 0) {
        if (const auto turn = flushes_.begin()) {
            loop_->work([this, turn] {
                if (auto done = inventory_->flush(); !done) {
                    log::debug("engine", "{}", done.error().what); // the inventory warns
                }
            });
        }
    }
    // What could not be opened is tried again: the port may be free by now.
    if (++ticks_ % 10 == 0) {
        if (ticks_ % 60 == 10) {
            look_at_keys();
        }
        if (extensions_->is_blind()) {
            host_changed();
        }
        look_after_firmware();
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

} // namespace engine
