// SPDX-License-Identifier: MIT
// Phones of the Workpoint Interface: where they call and poll, when they are asked to call, and how
// all that hangs together.
#pragma once

#include "module/settings.hpp"
#include "provisioning/admin/commands.hpp"
#include "provisioning/base/interfaces.hpp"
#include "provisioning/base/loop.hpp"
#include "provisioning/base/lru.hpp"
#include "provisioning/base/one_at_a_time.hpp"
#include "provisioning/inventory/inventory.hpp"
#include "provisioning/inventory/workpoints.hpp"
#include "provisioning/serve/file_settings.hpp"
#include "provisioning/serve/http.hpp"
#include "provisioning/serve/recipe.hpp"
#include "provisioning/serve/tls.hpp"
#include "provisioning/wpi/caller.hpp"
#include "provisioning/wpi/polling.hpp"
#include "provisioning/wpi/service.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace engine {

/// What /metrics and `status` tell.
struct WorkpointCounters {
    wpi::ServiceCounters service;
    serve::HttpCounters http;
    std::uint64_t contacts_confirmed = 0; ///< contact-mes that got 204
    std::uint64_t contacts_failed = 0;    ///< and those that did not
    std::uint64_t contacts_unheeded = 0;  ///< confirmed, and nobody called
    std::uint64_t polls_pending = 0;      ///< polls that were told to call
    std::uint64_t polls_idle = 0;
    std::uint64_t polls_refused = 0;
    std::uint64_t jobs_waiting = 0;
};

class Workpoints {
  public:
    /// Whom it asks and tells, from any thread.
    struct Reach {
        serve::Accounts accounts; ///< may block
        serve::Gate::Neighbour neighbour;
        /// Our address on the network of an address; nothing where none is served there.
        std::function<std::optional<base::Ipv4>(base::Ipv4)> own_address_at;
        /// Likewise, and towards all others the one that they reach us by, as far as we know.
        std::function<std::optional<base::Ipv4>(base::Ipv4)> own_address_towards;
        serve::Http::TlsFailure tls_refused;
    };

    /// Of `settings` the limits of the file server, from which ours follow, and the keep-alive.
    Workpoints(base::Loop& loop,
               inventory::Inventory& inventory,
               const base::Clock& clock,
               const Settings& settings,
               Reach reach);
    ~Workpoints(); ///< after the loop stopped
    Workpoints(const Workpoints&) = delete;
    Workpoints& operator=(const Workpoints&) = delete;

    /// What a reload swaps: listen() has to follow. Loop thread, as are the next four.
    void settings(const Settings& settings, std::shared_ptr<const serve::FileSettings> files);
    void tls(std::shared_ptr<const serve::TlsContext> context);
    /// On these addresses, if it is on. What went wrong.
    std::vector<base::Error> listen(const std::vector<base::Interface>& served,
                                    const serve::Surroundings& around);
    void tick(); ///< each second

    /// Another host is at this address than before. Loop thread.
    void hang_up(base::Ipv4 address) { http_.hang_up(address); }

    /// Something about these phones may be other than before: who wants something is asked to call.
    /// From any thread, and done on a worker.
    void look(const std::vector<base::Mac>& macs);
    void changed(std::vector<base::Mac> macs); ///< likewise: by a decision of somebody

    /// Whether this phone spoke the Workpoint Interface, and can now. From any thread.
    bool speaks_with(base::Mac mac) const;
    /// All that it has is read at its next call, and made what it should be; or it restarts then.
    /// The sentence says when that will be. Blocks.
    base::Result<std::string> resync(base::Mac mac, bool reboot);

    /// The items that this phone gets if it calls now, passwords among them. Blocks.
    base::Result<std::vector<wpi::Item>> wanted(const inventory::Device& device) const;

    std::vector<admin::Reach::StatusRow> status() const; ///< from any thread
    WorkpointCounters counters() const;                  ///< from any thread

  private:
    struct Now {
        Settings::Wpi wpi;
        wpi::ContactMeRules contact_me;
        std::shared_ptr<const serve::FileSettings> files;
        serve::Surroundings around;
    };

    std::shared_ptr<const Now> now() const;
    void change(const std::function<void(Now&)>& how);

    base::Result<std::vector<wpi::Item>> wanted(const inventory::Device& device,
                                                const std::string& model,
                                                const std::string& firmware,
                                                base::Ipv4 host) const;
    std::optional<base::Ipv4> host_for(const inventory::Workpoint& phone) const;
    serve::Response answer_poll(const serve::Request& request);
    std::optional<wpi::Polling::Phone> polling_phone(base::Mac mac) const;
    void polls_in_vain(base::Mac mac, base::Ipv4 source);

    void count_talk(base::Mac mac, int by);
    void called(base::Mac mac, wpi::Reason reason);
    void ended(base::Mac mac, wpi::Ending ending);
    base::Result<wpi::Caller::Place> place(base::Mac mac);
    void asked(base::Mac mac, const base::Status& status);
    void silent(const wpi::ContactMePlan::Silence& silence);
    void too_busy(base::Mac mac);

    wpi::Service::Reach service_reach();
    wpi::Caller::Reach caller_reach();

    void look_at_all();
    void look_at_some();
    void go_on_looking();
    void look_at(base::Mac mac);

    base::Loop& loop_;
    inventory::Inventory& inventory_;
    const base::Clock& clock_;
    const Reach reach_;
    bool has_tls_ = false; // loop thread, as is what follows
    bool was_listening_ = false;
    unsigned ticks_ = 0;
    base::OneAtATime looks_after_;
    base::OneAtATime looks_;

    mutable std::mutex lock_; // guards what follows; held for moments
    std::shared_ptr<const Now> now_ = std::make_shared<const Now>();
    std::vector<base::Endpoint> listening_;
    std::vector<base::Endpoint> listening_for_polls_;
    bool waits_for_key_ = false; ///< to listen
    std::set<base::Mac> to_look_at_;
    std::set<base::Mac> pending_;           ///< want something, as seen last; all are approved
    std::map<base::Mac, int> talking_;      ///< conversations of each, for anybody can begin one
    std::set<base::Mac> changed_meanwhile_; ///< of those who talk
    base::Lru<base::Mac, base::Steady> asked_{10'000};
    base::Lru<base::Mac, base::Steady> noted_in_vain_{10'000};

    struct {
        std::atomic<std::uint64_t> confirmed{0}, failed{0}, unheeded{0}, polls_pending{0},
            polls_idle{0}, polls_refused{0};
    } count_;

    // Taken apart in the opposite order: who is called may tell of it as long as they are there.
    wpi::Service service_;
    wpi::Caller caller_;
    wpi::Polling polling_;
    serve::Http http_;
    serve::Http poll_http_;
};

} // namespace engine
