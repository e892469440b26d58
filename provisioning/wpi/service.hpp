// SPDX-License-Identifier: MIT
// The service that phones of the Workpoint Interface call: from a request to its answer, with all
// that is checked before and stored in between.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/base/token_buckets.hpp"
#include "provisioning/inventory/inventory.hpp"
#include "provisioning/inventory/workpoints.hpp"
#include "provisioning/serve/diary.hpp"
#include "provisioning/serve/gate.hpp"
#include "provisioning/serve/http.hpp"
#include "provisioning/wpi/contact_me.hpp"
#include "provisioning/wpi/replays.hpp"
#include "provisioning/wpi/restores.hpp"
#include "provisioning/wpi/sessions.hpp"
#include "provisioning/wpi/tickets.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wpi {

/// What may be swapped by a reload.
struct ServiceSettings {
    serve::GateSettings gate = {};
    Policy policy = {};
    Escape escape = Escape::normal;
    bool reject_replays = false; ///< else they are noted (unknown; default: noted)
    std::string file_folder;     ///< of files that jobs deploy
    ContactMeRules contact_me = {};
};

struct ServiceCounters {
    std::uint64_t messages = 0;      ///< that were read
    std::uint64_t malformed = 0;     ///< and those that were none
    std::uint64_t conversations = 0; ///< opened
    std::uint64_t refused = 0;       ///< calls that got CleanUp at once
    std::uint64_t unknown = 0;       ///< of them, of phones that nobody approved
    std::uint64_t lost = 0;          ///< follow-ups of no conversation
    std::uint64_t overload = 0;      ///< calls, there being too many
    std::uint64_t replays = 0;
    std::uint64_t secrets_sent = 0;
    std::uint64_t secrets_withheld = 0;
    std::uint64_t open = 0; ///< conversations now
};

/// How a conversation ended.
enum class Ending : std::uint8_t {
    all_done, ///< the phone has all that it should have
    busy,     ///< it is in a call, and has to be asked again
    open,     ///< something may be left: it broke off, or was not given all
};

/// From any thread but the loop's: all of it may block.
class Service {
  public:
    /// The items that a phone should have; `host` is our address on its network. May block.
    using Wanted = std::function<base::Result<std::vector<Item>>(const inventory::Device& device,
                                                                 const std::string& model,
                                                                 const std::string& firmware,
                                                                 base::Ipv4 host)>;

    /// Whom the service asks and tells; empty functions know nothing.
    struct Reach {
        Wanted wanted;
        serve::Gate::Neighbour neighbour = {};
        /// Our address as a phone reaches us, for one that did not call since we started.
        std::function<std::optional<base::Ipv4>(const inventory::Workpoint& phone)> host_for = {};
        /// A phone that is known and approved opened a conversation, or somebody in its name.
        std::function<void(base::Mac mac, Reason reason)> called = {};
        /// Told once for each conversation that was opened. It may be late: one that broke off ends
        /// when it has idled for too long.
        std::function<void(base::Mac mac, Ending ending)> ended = {};
    };

    Service(inventory::Inventory& inventory,
            const base::Clock& clock,
            Reach reach,
            SessionLimits limits = {});

    void settings(ServiceSettings settings);             ///< does not block
    void surroundings(serve::Surroundings surroundings); ///< likewise

    /// POST /DeploymentService/…, and GET of the files that jobs deploy.
    serve::Response answer(const serve::Request& request);

    /// Whether there is something for this phone that it can be given when it calls: a job, or an
    /// item that should be another one. True until it has it, whatever conversations are open:
    /// anybody can begin one. Mostly without the disk, but it makes the phone's items.
    bool wants_contact(base::Mac mac);

    /// Our address as this phone reaches us: where it called last, else what is known of it. Does
    /// not block.
    std::optional<base::Ipv4> host_for(const inventory::Workpoint& phone) const;

    /// Each few seconds: ends conversations that idle, and jobs that were not confirmed in time.
    void look_after();

    ServiceCounters counters() const; ///< does not block

    /// Of one request.

  private:
    struct Call;

    serve::Response talk(const serve::Request& request);
    serve::Response file(const serve::Request& request);
    static bool goes_on(const Call& call, const Sessions::Found& found);
    serve::Response opened(Call call);
    std::optional<base::Mac> by_number(const Call& call) const;
    serve::Response followed(const Call& call, const Sessions::Found& found);
    serve::Response
    carry_on(const Call& call, const std::shared_ptr<Session>& session, Match match);
    serve::Response clean_up(const Call& call, std::string_view reason = {});
    serve::Response answered(const Call& call, const ServiceMessage& message, bool is_last);
    bool may_call(const Call& call);
    void say_doubtful(const Call& call, const Session& session, const ServiceMessage& told);
    void heard(const Call& call, base::Mac mac);
    std::optional<base::Ipv4> shown_elsewhere(const Call& call, base::Mac mac) const;
    void greet(const Call& call, const inventory::Device& device, const inventory::Sighting& seen);
    void is_at(base::Mac mac, base::Ipv4 source, const std::string& contact_me_uri);
    static inventory::Sighting sighting_of(const Call& call);

    base::Result<std::vector<Item>> wanted(const inventory::Device& device,
                                           const std::string& model,
                                           const std::string& firmware,
                                           base::Ipv4 host,
                                           Escape escape) const;
    World world_of(const Call& call,
                   const std::shared_ptr<Session>& session,
                   const inventory::Device& device,
                   Match match);
    base::Result<std::string> file_url(const ServiceSettings& with,
                                       base::Endpoint local,
                                       const Session& session,
                                       const inventory::Job& job);
    bool store(const Session& session, const News& news, bool is_proven);
    bool store_jobs(base::Mac mac, const std::vector<JobNews>& news);
    void spend_windows(base::Mac mac);
    void tell(base::Mac mac, base::Ipv4 source, const StepNews& news, bool is_proven);
    bool is_proven(base::Mac mac, base::Ipv4 source, const serve::Gate& gate) const;
    std::function<bool(std::int64_t)> spent_windows(base::Mac mac) const;
    std::vector<inventory::Job> open_jobs(base::Mac mac) const;
    void look_after_jobs();
    void fell_silent(Session& session);
    void broke_off(const std::vector<std::shared_ptr<Session>>& sessions);
    void end(const Session& session, Ending ending = Ending::open);
    void ended(base::Mac mac, Ending ending) const;

    struct Settings {
        std::shared_ptr<const ServiceSettings> with;
        std::shared_ptr<const serve::Surroundings> around;
    };

    Settings settings() const;

    inventory::Inventory& inventory_;
    const base::Clock& clock_;
    const Reach reach_;
    serve::Diary diary_;
    Sessions sessions_;
    Replays replays_;
    Restores restores_;
    Tickets tickets_;

    mutable std::mutex lock_; ///< of what follows
    Settings settings_;
    mutable base::Lru<base::Mac, base::Ipv4> hosts_{10'000}; ///< where phones reach us
    base::TokenBuckets<std::uint32_t> newcomers_{10.0 / 60, 400, 4096};
    base::Steady jobs_seen_{};

    struct {
        std::atomic<std::uint64_t> messages{0}, malformed{0}, conversations{0}, refused{0},
            unknown{0}, lost{0}, overload{0}, replays{0}, secrets_sent{0}, secrets_withheld{0};
    } count_;
};

} // namespace wpi
