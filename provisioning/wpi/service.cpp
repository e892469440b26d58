// SPDX-License-Identifier: MIT
// The way of a message: path, size, XML, whose it is, whether it may; then its conversation.
#include "provisioning/wpi/service.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/wpi/release.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace wpi {

using inventory::Job;
using inventory::Stage;
using inventory::Step;
using serve::Request;
using serve::Response;

namespace {

constexpr std::string_view service_path = "/DeploymentService/";
constexpr int newest_early_version = 2;  // of firmware
constexpr std::size_t longest_uri = 255; // of a contact-me-uri (WPI guide p. 33)

Response status_only(int status) {
    Response response;
    response.status = status;
    return response;
}

Response not_allowed(std::string allowed) {
    auto response = status_only(405);
    response.fields.emplace_back("Allow", std::move(allowed));
    return response;
}

bool opens(Reason reason) noexcept {
    return reason == Reason::start_up || reason == Reason::local_changes ||
           reason == Reason::inventory_changes || reason == Reason::status ||
           reason == Reason::solicited;
}

} // namespace

/// One message on its way.
struct Service::Call {
    const Request& request;
    const PhoneMessage& message;
    std::optional<base::Mac> mac; ///< as it says
    const Settings& settings;
    const serve::Gate& gate;

    base::Ipv4 source() const { return request.peer.address; }
};

Service::Service(inventory::Inventory& inventory,
                 const base::Clock& clock,
                 Reach reach,
                 SessionLimits limits)
    : inventory_(inventory), clock_(clock), reach_(std::move(reach)), diary_(inventory, clock),
      sessions_(clock, limits), settings_{std::make_shared<const ServiceSettings>(),
                                          std::make_shared<const serve::Surroundings>()} {}

void Service::settings(ServiceSettings settings) {
    auto fresh = std::make_shared<const ServiceSettings>(std::move(settings));
    const std::lock_guard hold(lock_);
    settings_.with.swap(fresh);
}

void Service::surroundings(serve::Surroundings surroundings) {
    auto fresh = std::make_shared<const serve::Surroundings>(std::move(surroundings));
    const std::lock_guard hold(lock_);
    settings_.around.swap(fresh);
}

Service::Settings Service::settings() const {
    const std::lock_guard hold(lock_);
    return settings_;
}

Response Service::answer(const Request& request) {
    const std::string_view path = request.path;
    if (path.substr(0, service_path.size()) == service_path) {
        return request.method == "POST" ? talk(request) : not_allowed("POST");
    }
    if (path.substr(0, files_path.size()) == files_path) {
        return request.method == "GET" || request.method == "HEAD" ? file(request)
                                                                   : not_allowed("GET, HEAD");
    }
    return {};
}

Response Service::talk(const Request& request) {
    if (request.body.size() > largest_message) {
        ++count_.malformed;
        return status_only(413);
    }
    const auto message = parse(request.body);
    if (!message) {
        ++count_.malformed;
        if (diary_.may_complain()) {
            base::log::warn("wpi", "{} sent no message of a phone: {}", request.peer.address.str(),
                            message.error().what);
        }
        return status_only(400); // there is no nonce to repeat
    }
    ++count_.messages;
    const auto settings = this->settings();
    const serve::Gate gate(settings.with->gate, *settings.around, reach_.neighbour);
    const Call call{request, *message, base::Mac::parse(message->value("mac-addr")), settings,
                    gate};
    const auto found = sessions_.find(request.cookie, request.connection, call.source());
    return opens(message->reason) && !goes_on(call, found) ? opened(call) : followed(call, found);
}

/// A message that opens a conversation may come in parts.
bool Service::goes_on(const Call& call, const Sessions::Found& found) {
    if (!found.session || found.match == Match::peer ||
        (call.mac && *call.mac != found.session->mac)) {
        return false;
    }
    const std::unique_lock talking(found.session->talking, std::try_to_lock);
    return talking && found.session->interaction.is_awaiting(call.message);
}

Response Service::clean_up(const Call& call, std::string_view reason) {
    ServiceMessage message{call.message.nonce, Action::clean_up};
    if (!reason.empty()) {
        message.items.push_back({"cleanup-reason", std::nullopt, std::string(reason)});
    }
    return answered(call, message, true);
}

Response Service::answered(const Call& call, const ServiceMessage& message, bool is_last) {
    Response response;
    response.status = 200;
    response.content_type = "text/xml";
    response.body = std::make_shared<const std::string>(write(message, call.settings.with->escape));
    response.fields.emplace_back("Cache-Control", "no-store");
    response.ends_connection = is_last;
    return response;
}

/// A phone has no User-Agent here: by what it says it is, profiles know it as well.
inventory::Sighting Service::sighting_of(const Call& call) {
    inventory::Sighting seen;
    seen.address = call.source();
    seen.model = base::printable(call.message.value("device-type"), longest_model);
    seen.version = base::printable(call.message.value("software-version"), longest_model);
    seen.user_agent = seen.model;
    return seen;
}

/// A phone that nobody approved: it is shown to the admin, and learns nothing.
void Service::heard(const Call& call, base::Mac mac) {
    const auto snapshot = inventory_.now();
    if (snapshot.device(mac) == nullptr) {
        const std::lock_guard hold(lock_);
        if (!newcomers_.take(call.source().value, clock_.now())) {
            return;
        }
    }
    inventory_.saw(mac, sighting_of(call));
    diary_.rumour(
        mac, Step::called, call.source(),
        fmt::format("{}; it is not approved, so it was told nothing", name(call.message.reason)));
}

bool Service::may_call(const Call& call) {
    const auto source = call.source();
    if (!call.mac) {
        if (diary_.may_complain()) {
            base::log::warn("wpi", "{} calls without a mac-addr that is one: it gets nothing",
                            source.str());
        }
        return false;
    }
    const auto mac = *call.mac;
    if (!call.gate.is_source_served(source)) {
        diary_.rumour(mac, Step::file_refused, source, serve::Gate::outside(source));
        return false;
    }
    const auto snapshot = inventory_.now();
    const auto* device = snapshot.device(mac);
    if (device == nullptr || !device->is_approved()) {
        ++count_.unknown;
        heard(call, mac);
        return false;
    }
    if (call.gate.neighbour_check() != base::NeighbourCheck::off &&
        call.gate.is_neighbour_known(source)) {
        if (const auto what = call.gate.neighbour_says(mac, source); !what.empty()) {
            const bool lets_pass = call.gate.neighbour_check() == base::NeighbourCheck::log;
            diary_.rumour(mac, Step::neighbour_mismatch, source,
                          (lets_pass ? "let pass (log): " : "") + what);
            if (!lets_pass) {
                return false;
            }
        }
    }
    if (replays_.is_replay(mac, call.message.nonce, true, clock_.unix_ms())) {
        ++count_.replays;
        diary_.rumour(mac, Step::call_failed, source,
                      fmt::format("{} with a nonce that it used before: a replay?",
                                  name(call.message.reason)));
        return !call.settings.with->reject_replays;
    }
    return true;
}

/// Without a MAC that is one, as a soft phone calls (WPI guide p. 27). A number is no secret, so
/// the neighbour table has to show the phone that has it.
std::optional<base::Mac> Service::by_number(const Call& call) const {
    const auto number = call.message.value("e164");
    const auto there = call.gate.neighbour_at(call.source());
    const auto snapshot = inventory_.now();
    const auto* device = there ? snapshot.device(*there) : nullptr;
    return device != nullptr && std::find(device->lines.begin(), device->lines.end(), number) !=
                                    device->lines.end()
               ? there
               : std::nullopt;
}

/// Where the network shows a phone in whose name somebody calls from where none can be shown: he
/// would answer for its jobs and its changes, and it would never get them.
std::optional<base::Ipv4> Service::shown_elsewhere(const Call& call, base::Mac mac) const {
    const auto known = inventory_.workpoints().find(mac);
    return known && known->address != call.source() &&
                   !call.gate.is_neighbour_known(call.source()) &&
                   is_proven(mac, known->address, call.gate)
               ? std::optional(known->address)
               : std::nullopt;
}

Response Service::opened(Call call) {
    if (!call.mac) {
        call.mac = by_number(call);
    }
    if (!may_call(call)) {
        ++count_.refused;
        return clean_up(call);
    }
    const auto mac = *call.mac;
    const auto source = call.source();
    const auto snapshot = inventory_.now();
    const auto* device = snapshot.device(mac);
    if (device == nullptr) {
        return clean_up(call);
    }
    const auto window =
        call.gate.is_neighbour_known(source)
            ? std::nullopt
            : open_window(mac, source, snapshot, clock_.unix_ms(), spent_windows(mac));
    if (const auto here = shown_elsewhere(call, mac); here && !window) {
        ++count_.refused;
        diary_.rumour(mac, Step::call_failed, source,
                      fmt::format("the network shows the phone at {}, so this is somebody else, or "
                                  "it was moved: then `pnp enrol {} 30m`, and let it call again",
                                  here->str(), mac.str()));
        return clean_up(call);
    }
    auto session = sessions_.open(mac, source, call.request.connection, window);
    if (!session) {
        broke_off(sessions_.take_ended());
        ++count_.overload;
        if (diary_.may_complain()) {
            base::log::warn("wpi", "{} calls in vain: {}", mac.str(), session.error().what);
        }
        return clean_up(call, "overload");
    }
    ++count_.conversations;
    const auto seen = sighting_of(call); // cut: thousands of conversations may be open
    (*session)->model = seen.model;
    (*session)->firmware = seen.version;
    (*session)->firmware_before = device->seen.version;
    if (const auto uri = call.message.value("contact-me-uri"); uri.size() <= longest_uri) {
        (*session)->contact_me_uri = uri;
    }
    greet(call, *device, seen);
    broke_off(sessions_.take_ended());
    return carry_on(call, *session, Match::opened);
}

/// What each call tells of the phone.
void Service::greet(const Call& call,
                    const inventory::Device& device,
                    const inventory::Sighting& seen) {
    const auto mac = device.mac;
    const auto source = call.source();
    inventory_.saw(mac, seen);
    if (device.seen.stage < Stage::fetching) {
        inventory_.reached(mac, Stage::fetching);
    }
    const auto e164 = call.message.item("e164");
    const auto now = clock_.unix_ms();
    inventory_.workpoints().update(mac, [&](inventory::Workpoint& phone) {
        phone.last_contact = now;
        if (e164 != nullptr && e164->status.empty() && e164->value.size() <= 64) {
            phone.e164 = e164->value;
        }
        // One that starts may have been off when it did not come.
        if (call.message.reason == Reason::start_up &&
            phone.reached == inventory::Reached::by_poll) {
            learn(phone, Heard::from_elsewhere, call.settings.with->contact_me);
        }
    });
    const bool proven = is_proven(mac, source, call.gate);
    const auto known = inventory_.workpoints().find(mac);
    if (proven || (known && known->address.value == 0)) {
        is_at(mac, source, std::string(call.message.value("contact-me-uri")));
    } // else when it has shown that it goes through with its call: contact-me follows it
    tell(mac, source,
         {Step::called, fmt::format("{}{}{}", name(call.message.reason),
                                    seen.model.empty() ? "" : ", " + seen.model,
                                    seen.version.empty() ? "" : ", " + seen.version)},
         proven);
    {
        const std::lock_guard hold(lock_);
        hosts_.at(mac) = call.request.local.address;
    }
    if (reach_.called) {
        reach_.called(mac, call.message.reason);
    }
}

/// Where it is asked to call.
void Service::is_at(base::Mac mac, base::Ipv4 source, const std::string& contact_me_uri) {
    const bool says = !contact_me_uri.empty() && contact_me_uri.size() <= longest_uri;
    const auto known = inventory_.workpoints().find(mac);
    if (!known ||
        (known->address == source && (!says || known->contact_me_uri == contact_me_uri))) {
        return;
    }
    inventory_.workpoints().update(mac, [&, with = settings().with](inventory::Workpoint& phone) {
        phone.address = source;
        if (says) {
            phone.contact_me_uri = contact_me_uri;
        }
        learn(phone, Heard::from_elsewhere, with->contact_me);
    });
}

Response Service::followed(const Call& call, const Sessions::Found& found) {
    const auto session = found.session;
    if (!session) {
        ++count_.lost;
        return clean_up(call);
    }
    if (call.mac && *call.mac != session->mac) {
        // By its address alone it was taken for another one that calls from there.
        if (found.match != Match::peer) {
            const bool was_open = sessions_.close(*session);
            fell_silent(*session);
            tell(session->mac, call.source(),
                 {Step::call_failed,
                  fmt::format("its call went on in the name of {}", call.mac->str())},
                 false);
            if (was_open) {
                ended(session->mac, Ending::open);
            }
        }
        ++count_.refused;
        return clean_up(call);
    }
    replays_.is_replay(session->mac, call.message.nonce, false, clock_.unix_ms());
    return carry_on(call, session, found.match);
}

Response Service::carry_on(const Call& call, const std::shared_ptr<Session>& session, Match match) {
    const std::unique_lock talking(session->talking, std::try_to_lock);
    if (!talking || !sessions_.is_open(*session)) {
        ++count_.refused;
        return clean_up(call); // one message at a time; who sends two breaks the protocol
    }
    const auto mac = session->mac;
    const auto snapshot = inventory_.now();
    const auto* device = snapshot.device(mac);
    if (device == nullptr || !device->is_approved()) {
        end(*session);
        ++count_.refused;
        return clean_up(call);
    }
    const bool proven = is_proven(mac, call.source(), call.gate) || session->window.has_value();
    const auto turn =
        session->interaction.on(call.message, world_of(call, session, *device, match));
    if (!store(*session, turn.news, proven)) {
        end(*session);
        return clean_up(call); // a job that was cancelled at this moment is not sent
    }
    if (turn.is_last && turn.is_up_to_date && device->seen.stage < Stage::configured) {
        inventory_.reached(mac, Stage::configured);
        tell(mac, call.source(), {Step::configured, "it has all items that it should have"},
             proven);
    }
    if (!sessions_.hold(*session, session->interaction.partial_bytes())) {
        ++count_.overload;
        end(*session);
        return clean_up(call, "overload");
    }
    say_doubtful(call, *session, turn.message);
    auto response = answered(call, turn.message, turn.is_last);
    if (turn.is_through || turn.is_to_be_asked_again) {
        is_at(mac, session->source, session->contact_me_uri);
    }
    if (turn.is_last) {
        end(*session, turn.is_to_be_asked_again ? Ending::busy
                      : turn.is_up_to_date      ? Ending::all_done
                                                : Ending::open);
    } else if (match == Match::opened) {
        response.fields.emplace_back("Set-Cookie", Sessions::set_cookie(*session));
    }
    return response;
}

/// Which versions do not read &lt; &gt; and &amp; is unknown; early ones were seen.
void Service::say_doubtful(const Call& call, const Session& session, const ServiceMessage& told) {
    const auto release = read_release(session.firmware);
    if (call.settings.with->escape == Escape::legacy || !release ||
        release->version > newest_early_version) {
        return;
    }
    const auto found = std::find_if(told.items.begin(), told.items.end(), [](const Item& item) {
        return item.value.find_first_of("<>&") != std::string::npos;
    });
    if (found != told.items.end() && diary_.may_complain()) {
        base::log::warn(
            "wpi",
            "{} runs {} and is told a {} with <, > or & in it, which early firmware may "
            "not read; if it shows something else: wpi_legacy_escape = on",
            session.mac.str(), session.firmware, str(key_of(*found)));
    }
}

void Service::end(const Session& session, Ending ending) {
    if (sessions_.close(session)) {
        ended(session.mac, ending);
    }
}

void Service::ended(base::Mac mac, Ending ending) const {
    if (reach_.ended) {
        reach_.ended(mac, ending);
    }
}

World Service::world_of(const Call& call,
                        const std::shared_ptr<Session>& session,
                        const inventory::Device& device,
                        Match match) {
    const auto mac = session->mac;
    const auto known = inventory_.workpoints().find(mac);
    World world{clock_.unix_ms(),
                known ? *known : inventory::Workpoint{},
                session->firmware_before,
                open_jobs(mac),
                call.settings.with->policy,
                {},
                {},
                {},
                {},
                {},
                {}};
    world.wanted = [this, &call, &device, session] {
        return wanted(device, session->model, session->firmware, call.request.local.address,
                      call.settings.with->escape);
    };
    world.hash = [this, mac](const inventory::ItemKey& key, std::string_view value) {
        return inventory_.workpoints().written_hash(mac, key, value);
    };
    world.may_restore = [this, mac](const inventory::ItemKey& key) {
        return restores_.may(mac, key, clock_.unix_ms());
    };
    world.secrets = [this, &call, session, match] {
        auto verdict =
            may_have_secrets({session->mac, call.source(), match, session->window}, call.gate,
                             inventory_.now(), clock_.unix_ms(), spent_windows(session->mac));
        if (std::holds_alternative<Withheld>(verdict)) {
            ++count_.secrets_withheld;
        }
        return verdict;
    };
    world.spend = [this, session](std::int64_t window) -> base::Status {
        if (session->spent_window) {
            return {};
        }
        auto spent = inventory_.workpoints().spend_window(session->mac, window);
        session->spent_window = spent.has_value();
        return spent;
    };
    world.file_url = [this, &call, session](const Job& job) {
        return file_url(*call.settings.with, call.request.local, *session, job);
    };
    return world;
}

base::Result<std::vector<Item>> Service::wanted(const inventory::Device& device,
                                                const std::string& model,
                                                const std::string& firmware,
                                                base::Ipv4 host,
                                                Escape escape) const {
    if (!reach_.wanted) {
        return base::fail(base::Errc::io, "no profile of such phones is loaded");
    }
    auto items = reach_.wanted(device, model, firmware, host);
    if (!items || escape == Escape::normal) {
        return items;
    }
    for (const auto& item : *items) {
        if (is_secret(item.name) && item.value.find_first_of("<>&") != std::string::npos) {
            return base::fail(base::Errc::refused,
                              "{} has one of & < >, which wpi_legacy_escape takes away: the phone "
                              "would have another one than the PBX; choose one without",
                              item.name);
        }
    }
    return items;
}

bool Service::is_proven(base::Mac mac, base::Ipv4 source, const serve::Gate& gate) const {
    return gate.is_neighbour_known(source) && gate.neighbour_says(mac, source).empty();
}

std::function<bool(std::int64_t)> Service::spent_windows(base::Mac mac) const {
    return [this, mac](std::int64_t window) {
        return inventory_.workpoints().is_window_spent(mac, window);
    };
}

bool Service::wants_contact(base::Mac mac) {
    const auto& workpoints = inventory_.workpoints();
    const auto snapshot = inventory_.now();
    const auto* device = snapshot.device(mac);
    if (device == nullptr || !device->is_approved()) {
        return false;
    }
    if (workpoints.has_work(mac)) {
        return true;
    }
    const auto known = workpoints.find(mac);
    if (!known) {
        return false;
    }
    const auto host = host_for(*known);
    if (!host || !reach_.wanted) {
        return false;
    }
    const auto settings = this->settings();
    const auto wanted = this->wanted(*device, device->seen.model, device->seen.version, *host,
                                     settings.with->escape);
    if (!wanted || wanted->empty()) {
        return false;
    }
    if (known->must_read_all) {
        return true;
    }
    const auto now = clock_.unix_ms();
    const auto difference = compare(
        *wanted, *known,
        {[&](const auto& key, auto value) { return workpoints.written_hash(mac, key, value); },
         settings.with->policy.local_changes, false,
         [&](const auto& key) { return restores_.may(mac, key, now); }});
    if (!difference.plain.empty() || difference.secrets.empty()) {
        return !difference.plain.empty();
    }
    const serve::Gate gate(settings.with->gate, *settings.around, reach_.neighbour);
    const auto is_spent = spent_windows(mac);
    return std::holds_alternative<Granted>(
        may_have_secrets({mac, known->address, Match::cookie,
                          open_window(mac, known->address, snapshot, now, is_spent)},
                         gate, snapshot, now, is_spent));
}

std::optional<base::Ipv4> Service::host_for(const inventory::Workpoint& phone) const {
    {
        const std::lock_guard hold(lock_);
        if (const auto* found = hosts_.find(phone.mac)) {
            return *found;
        }
    }
    return reach_.host_for ? reach_.host_for(phone) : std::nullopt;
}

ServiceCounters Service::counters() const {
    return {count_.messages,         count_.malformed, count_.conversations,
            count_.refused,          count_.unknown,   count_.lost,
            count_.overload,         count_.replays,   count_.secrets_sent,
            count_.secrets_withheld, sessions_.size()};
}

} // namespace wpi
