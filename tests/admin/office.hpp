// SPDX-License-Identifier: MIT
// The commands over a real inventory, with the rest of the product played by the test.
#pragma once

#include "../dialplan/shelf.hpp"
#include "provisioning/admin/commands.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

constexpr const char* phone_a = "001fc1000001";
constexpr const char* phone_b = "001fc1000002";

class Office {
  public:
    Office() {
        auto loaded = profile::Catalogue::load("");
        if (loaded) {
            catalogue = *loaded;
        } else {
            ADD_FAILURE() << loaded.error().what;
        }
        commands = std::make_shared<admin::Commands>(reach());
    }

    admin::Reply
    run(const std::string& line, std::string_view input = {}, bool over_socket = false) {
        std::vector<std::string> words;
        for (const std::string_view word : base::split(line, ' ')) {
            words.emplace_back(word);
        }
        return commands->run(words, {"uid 7", base::Secret(input), over_socket});
    }

    /// A Htek phone asked, and got the answer `step`, `ago` before now.
    void phone_asked(const char* mac, inventory::Step answer) {
        inventory::Sighting seen;
        seen.last = shelf.clock.unix_ms();
        seen.address = *base::Ipv4::parse("10.0.0.2");
        seen.interface = "eth0";
        seen.vendor = "Htek";
        seen.model = "UC924";
        seen.version = "2.0.4.2";
        seen.user_agent = "Htek UC924 2.0.4.2 00:1f:c1:00:00:01";
        shelf->saw(mac_of(mac), seen);
        shelf->note(mac_of(mac), inventory::Step::heard, "10.0.0.2", "Htek UC924 2.0.4.2");
        shelf->note(mac_of(mac), answer, "10.0.0.2", "");
    }

    Shelf shelf;
    dialplan::Directory directory{*shelf};
    std::shared_ptr<const profile::Catalogue> catalogue;
    std::shared_ptr<admin::Commands> commands;
    bool elsewhere = false;
    base::UnixMs started = 0;
    base::UnixMs hold_for = 10LL * 60 * 1000;
    std::function<void()> while_reloading = [] {};
    std::vector<std::string> resynced;
    std::string deaf;               ///< the phone that cannot be asked to resync
    std::vector<std::string> rules; ///< the names in pnp.conf
    std::string rendered_with;      ///< "001fc1000001 name hidden"

    /// For tests that change some of it.
    admin::Reach reach() {
        return {
            *shelf,
            directory,
            shelf.clock,
            [this] { return catalogue; },
            [this](base::Mac mac, const std::string& name,
                   bool reveal) -> base::Result<std::string> {
                rendered_with = fmt::format("{} {} {}", mac.str(), name, reveal);
                if (name == "nothing.xml") {
                    return base::fail(base::Errc::not_found, "{} is not in the chain", name);
                }
                return std::string(reveal ? "<p>hunter2</p>" : "<p>********</p>");
            },
            [] {
                return std::vector<admin::Reach::StatusRow>{
                    {"version", "PBX PnP 1", false},
                    {"SIP group", "224.0.1.75:5060 is NOT heard", true}};
            },
            [this]() -> base::Result<std::string> {
                while_reloading();
                return std::string("Read again.");
            },
            [this](base::Mac mac, bool reboot) -> base::Result<std::string> {
                if (deaf == mac.str()) {
                    return base::fail(base::Errc::not_found, "its vendor is not known");
                }
                resynced.push_back(mac.str());
                return std::string(reboot ? "Reboot sent." : "Resync sent.");
            },
            [this](const inventory::Device&) { return elsewhere; },
            [this] { return std::max(started, shelf.clock.unix_ms() - hold_for); },
            false,
            [this] { return rules; },
        };
    }
};
