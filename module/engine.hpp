// SPDX-License-Identifier: MIT
// Builds the rooms in their order, hands references down, and takes them apart again.
#pragma once

#include "module/desk.hpp"
#include "module/host.h"
#include "module/settings.hpp"
#include "pnp/service.hpp"
#include "provisioning/admin/commands.hpp"
#include "provisioning/admin/control.hpp"
#include "provisioning/base/interfaces.hpp"
#include "provisioning/base/loop.hpp"
#include "provisioning/serve/files.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace engine {

class Engine {
  public:
    static base::Result<std::unique_ptr<Engine>> start(const pnp_host& host);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    base::Result<std::string> reload(); ///< the sentence that says what changed

    admin::Commands& commands() { return *commands_; }

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
    void serve(const std::vector<base::Interface>& rows);
    void tick();
    base::Result<profile::Account> host_account(const std::string& number) const;
    std::vector<admin::Reach::StatusRow> status() const;
    base::Result<std::string> resync(base::Mac mac, bool reboot);
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
    std::unique_ptr<dialplan::Directory> directory_;
    std::unique_ptr<Desk> desk_;
    std::unique_ptr<serve::Files> files_;
    std::unique_ptr<serve::Http> http_;
    std::unique_ptr<pnp::Service> pnp_;
    std::shared_ptr<admin::Commands> commands_;
    std::unique_ptr<admin::Control> control_;
    std::unique_ptr<base::Interfaces> interfaces_;
    std::unique_ptr<base::Timer> ticker_;
    std::atomic<bool> flushing_ = false;

    // What the loop thread last saw, for consoles on other threads.
    struct Seen {
        std::vector<base::Interface> all;
        std::vector<base::Interface> served;
        std::vector<std::string> problems;
        std::vector<base::Endpoint> listening;
        bool hears_group = false;
    };

    mutable std::mutex mutex_; // guards seen_ and settings_
    Seen seen_;
    int ticks_ = 0;
};

} // namespace engine
