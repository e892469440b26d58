// SPDX-License-Identifier: MIT
// Builds the rooms in their order, hands references down, and takes them apart again.
#pragma once

#include "module/claims.hpp"
#include "module/desk.hpp"
#include "module/digit_maps.hpp"
#include "module/engine_wpi.hpp"
#include "module/extensions.hpp"
#include "module/fleet.hpp"
#include "module/host.h"
#include "module/https.hpp"
#include "module/registrations.hpp"
#include "module/settings.hpp"
#include "pnp/service.hpp"
#include "provisioning/admin/commands.hpp"
#include "provisioning/admin/control.hpp"
#include "provisioning/base/interfaces.hpp"
#include "provisioning/base/limit.hpp"
#include "provisioning/base/loop.hpp"
#include "provisioning/base/neighbours.hpp"
#include "provisioning/base/one_at_a_time.hpp"
#include "provisioning/serve/files.hpp"
#include "provisioning/serve/tftp.hpp"

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace engine {

class Engine {
  public:
    static base::Result<std::unique_ptr<Engine>> start(const pnp_host& host);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    base::Result<std::string> reload(); ///< the sentence that says what changed
    void host_changed(); ///< the host may have got extensions of its own where ours are

    admin::Commands& commands() { return *commands_; }

    Registrations& registrations() { return *registrations_; }

    Claims& claims() { return *claims_; }

    /// Lets go of the group within `patience`, so that the host can open its sockets.
    void release_port(std::chrono::milliseconds patience);
    void take_port();

  private:
    explicit Engine(const pnp_host& host);

    struct Loaded {
        Settings settings;
        std::shared_ptr<const profile::Catalogue> catalogue;
    };

    base::Result<Settings> load_settings() const;
    base::Result<Loaded> load() const;
    base::Status open();
    void apply(const Settings& settings, std::shared_ptr<const profile::Catalogue> catalogue);
    base::Status listen_for_commands(const Settings& settings);
    void serve(const std::vector<base::Interface>& rows);
    std::vector<serve::Files::Penalty> penalties() const;
    base::Result<std::vector<pnp::Rival>> probe();
    base::Result<std::vector<admin::Reach::Rule>> approval_rules();
    void serve_again(); ///< the interfaces that were seen last
    Desk::Neighbour neighbour_of(const pnp::Asked& asked) const;
    static pnp::Settings pnp_settings(const Settings& settings);
    void tick();
    void offer_host();
    void put_codes();
    void drop_codes();
    std::string code_clash(const ClaimCodes& codes) const;
    std::vector<std::string> code_problems() const;
    base::Result<profile::Account> host_account(const std::string& number) const;
    void tls_refused(base::Endpoint peer, const std::string& why);
    void has_certificate(const Https::Contexts& contexts);
    std::shared_ptr<const std::string> file_by_tftp(const serve::TftpRequest& asked) const;
    base::Result<base::Ipv4> host_or_only_one(std::optional<base::Ipv4> host) const;
    serve::Response answer_admin(const serve::Request& request) const;
    std::string serve_admin();
    std::optional<base::Error> https_off() const;
    void tell_step(const inventory::Device& device, const inventory::Event& event);
    base::Result<std::string> resync_by_host(const inventory::Device& device,
                                             const std::string& event);
    std::vector<admin::Reach::StatusRow> status() const;
    base::Result<std::string> resync(base::Mac mac, bool reboot);
    base::Result<std::string> resync_now(base::Mac mac, bool reboot);
    void resync_waiting();
    base::Status may_resync(const inventory::Device* device, base::Mac mac) const;
    std::optional<bool> in_call(const inventory::Device& device) const;
    bool talks_itself(base::Mac mac, const std::string& number) const;
    base::Result<std::string> claim_code() const;
    std::vector<std::string> numbers_of(const inventory::Device& device) const;
    std::unique_ptr<Fleet> make_fleet();
    std::vector<std::string> unwatched(const inventory::Device& device) const;
    void look_at_keys();
    void look_at_strayed();
    void look_after_firmware();
    std::vector<base::Interface> interfaces_towards(base::Ipv4 address) const;
    std::optional<base::Mac> neighbour_at(base::Ipv4 address) const;
    void neighbours_moved(const std::vector<base::NeighbourTable::Place>& places);
    std::optional<base::Ipv4> own_address_at(base::Ipv4 address) const;
    std::optional<base::Interface> interface_towards(base::Ipv4 phone) const;
    base::Result<std::string> render(base::Mac mac, const std::string& name, bool reveal) const;

    const pnp_host host_;
    std::string config_file_;
    std::vector<std::string> overrides_;
    base::SystemClock clock_;
    Settings settings_;
    base::UnixMs started_ = 0;

    // Built in this order, taken apart in the opposite one.
    std::unique_ptr<inventory::Inventory> inventory_;
    std::unique_ptr<base::Loop> loop_;
    std::unique_ptr<Fleet> fleet_;
    std::unique_ptr<base::Neighbours> neighbours_;
    std::unique_ptr<dialplan::Directory> directory_;
    std::unique_ptr<DigitMaps> digit_maps_;
    std::unique_ptr<Desk> desk_;
    std::unique_ptr<Extensions> extensions_;
    std::unique_ptr<Registrations> registrations_;
    std::unique_ptr<Claims> claims_;
    std::unique_ptr<serve::Files> files_;
    std::unique_ptr<serve::Http> http_;
    std::unique_ptr<serve::Tftp> tftp_;
    std::unique_ptr<Workpoints> workpoints_;
    std::unique_ptr<Https> https_;
    std::unique_ptr<serve::Http> admin_http_;
    std::unique_ptr<pnp::Service> pnp_;
    std::shared_ptr<admin::Commands> commands_;
    std::unique_ptr<admin::Control> control_;
    std::unique_ptr<admin::Control> dhcp_control_;
    std::unique_ptr<base::Interfaces> interfaces_;
    std::unique_ptr<base::Timer> ticker_;
    std::unique_ptr<base::Timer> host_timer_;
    base::OneAtATime flushes_;
    base::OneAtATime looks_after_firmware_;
    base::OneAtATime looks_at_keys_;
    base::OneAtATime looks_at_host_;
    base::OneAtATime looks_at_strayed_;

    bool has_certificate_ = false;         // loop thread
    bool reads_certificate_again_ = false; // loop thread
    base::TokenBucket tls_refusals_{5, 20};

    // What the loop thread last saw, for consoles on other threads.
    struct Seen {
        std::vector<base::Interface> all;
        std::vector<base::Interface> served;
        std::vector<std::string> problems;
        std::vector<base::Endpoint> listening;
        std::vector<base::Endpoint> listening_with_tls;
        std::vector<base::Endpoint> listening_by_tftp;
        std::string metrics; ///< where they are served, or why not
        bool hears_group = false;
    };

    std::mutex telling_; // guards strangers_told_
    base::TokenBucket strangers_told_{5, 20};

    // A whole site that fetches and restarts at once would storm the PBX.
    static constexpr double resyncs_per_second = 2;
    std::mutex pacing_; // guards what follows
    base::TokenBucket resyncs_{resyncs_per_second, 10};
    std::deque<std::pair<base::Mac, bool>> resyncs_waiting_; // with reboot

    void serve_tftp(Seen& seen);
    bool take_over(Seen seen);
    bool speaks_tls(base::Ipv4 local) const;

    mutable std::mutex mutex_; // guards seen_, settings_ and codes_refused_
    Seen seen_;
    std::string codes_refused_;      ///< by the PBX, and why
    std::vector<pnp::Rival> rivals_; ///< of the last probe
    std::mutex putting_codes_;       ///< and drops: two consoles may reload at once
    std::map<base::Mac, std::vector<std::string>> unwatched_; ///< as it was seen last
    int ticks_ = 0;
    int flush_waits_ = 0; ///< ticks, for phones that wait for tokens
};

} // namespace engine
