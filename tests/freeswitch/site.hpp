// SPDX-License-Identifier: MIT
// A FreeSWITCH with files of its own in a temporary folder, and the module under test.
#pragma once

#include "freeswitch/fake_host.hpp"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include <gtest/gtest.h>
#include <sched.h>

namespace fake {

constexpr const char* domain = "pbx.example";
constexpr const char* phone = "001fc1000001";

/// What freeswitch.xml has besides pnp.conf, and where phones are served.
struct Files {
    std::string configurations; ///< more <configuration> elements
    std::string groups = R"(
      <groups><group name="default"><users>
        <user id="1000" number-alias="1900"><params><param name="password" value="of &amp; 1000"/></params>
          <variables><variable name="effective_caller_id_name" value="Anna &lt;A&gt;"/></variables></user>
        <user id="1001"><params><param name="a1-hash" value="0123"/></params></user>
        <user id="1002" type="pointer"/>
        <user id="default"/>
      </users></group></groups>)";
    /// Of the domain's <users>.
    std::string users = R"(
      <user id="1003"><params><param name="vm-password" value="1"/></params></user>
      <user id="1004"><params><param name="password" value="alone"/></params></user>)";
    /// By default an address that no interface has: nothing is bound, so a test meets nobody.
    std::string interfaces = "192.0.2.1";
    std::string domain_params; ///< elements of the domain
    std::string contexts = R"(<context name="default"><extension name="local"/></context>)";
    bool has_directory = true; ///< else another module answers for pnp.conf, and with that alone
    std::string settings =
        R"(<param name="domain" value="pbx.example,10.0.0.10"/>)"; ///< of pnp.conf.xml
};

/// Looks until it is so: what happens on a worker happens soon.
inline bool becomes_so(const std::function<bool()>& is_so) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!is_so()) {
        if (std::chrono::steady_clock::now() > until) {
            return false;
        }
        std::this_thread::yield();
    }
    return true;
}

class Site {
  public:
    explicit Site(Files given = {}) : files(std::move(given)) {
        std::string name = (std::filesystem::temp_directory_path() / "pnp-fs-XXXXXX").string();
        folder = ::mkdtemp(name.data());
        write("");
    }

    ~Site() { std::filesystem::remove_all(folder); }

    Site(const Site&) = delete;
    Site& operator=(const Site&) = delete;

    /// pnp.conf: options of [general], then any sections.
    void write(const std::string& text) const {
        std::ofstream(folder + "/pnp.conf")
            << "[general]\nadmin_port = 0\ninterfaces = " << files.interfaces << '\n'
            << text;
    }

    std::string document() const {
        return R"(<document type="freeswitch/xml"><section name="configuration">
          <configuration name="pnp.conf"><settings><param name="config" value=")" +
               folder + R"(/pnp.conf"/><param name="data" value=")" + folder +
               R"("/><param name="control" value=")" + folder + R"(/pnp.ctl"/>)" + files.settings +
               "</settings></configuration>" + files.configurations + "</section>" +
               (files.has_directory ? directory() : "") + "</document>";
    }

    std::string directory() const {
        return R"(<section name="dialplan">)" + files.contexts +
               R"(</section><section name="directory"><domain name="elsewhere.example"><users>
                 <user id="1005"><params><param name="password" value="x"/></params></user></users>
               </domain><domain name="pbx.example">)" +
               files.domain_params + files.groups + "<users>" + files.users +
               "</users></domain></section>";
    }

    Files files;
    std::string folder;
};

/// The module in its host, loaded; unloaded at the end.
class Loaded {
  public:
    explicit Loaded(Files files = {}) : site(std::move(files)), host(site.document()) {
        status = host.load(MOD_PNP);
        if (status != 0) {
            for (const auto& one : host.logged()) {
                ADD_FAILURE() << one.text;
            }
        }
    }

    /// A phone that has this extension, which is ours.
    void give(const std::string& number, const std::string& more = "") {
        host.pnp("extension add " + number + " " + more);
        host.pnp(std::string("assign ") + phone + " " + number);
    }

    void registers(const std::string& number,
                   const std::string& call_id,
                   const std::string& port = "5060",
                   const std::string& from = "pbx.example",
                   const std::string& address = "10.0.0.2",
                   const std::string& agent = "Htek UC924 2.0.4.2 00:1f:c1:00:00:01") {
        host.user(number, from);
        host.event("sofia::register", of_registration(number, call_id, port, from, address, agent));
    }

    /// What mod_sofia 1.10 puts into its events of a REGISTER (sofia_reg_handle_register_token):
    /// the host of to-host is the one that the phone wrote, this machine's address.
    static Headers of_registration(const std::string& number,
                                   const std::string& call_id,
                                   const std::string& port = "5060",
                                   const std::string& from = "pbx.example",
                                   const std::string& address = "10.0.0.2",
                                   const std::string& agent = "") {
        return {{"profile-name", "internal"},
                {"from-user", number},
                {"from-host", from},
                {"presence-hosts", "pbx.example,10.0.0.10"},
                {"contact", "\"" + number + "\" <sip:" + number + "@" + address + ":" + port + ">"},
                {"call-id", call_id},
                {"rpid", "unknown"},
                {"status", "Registered(UDP)"},
                {"expires", "3600"},
                {"to-user", number},
                {"to-host", "10.0.0.10"},
                {"network-ip", address},
                {"network-port", port},
                {"username", number},
                {"realm", "10.0.0.10"},
                {"user-agent", agent},
                {"user_name", number}, // and the variables of the user, as the directory has them
                {"domain_name", from},
                {"user_context", "pnp-extensions"}};
    }

    /// And of the end of one, by its own hand or by time (sofia_reg_del_callback).
    static Headers of_end(const std::string& number, const std::string& call_id) {
        auto headers = of_registration(number, call_id);
        headers["expires"] = "0";
        for (const char* not_there : {"presence-hosts", "status", "to-user", "to-host"}) {
            headers.erase(not_there);
        }
        return headers;
    }

    static Headers of_expiry(const std::string& number, const std::string& call_id) {
        return {{"profile-name", "internal"},
                {"call-id", call_id},
                {"user", number},
                {"username", number},
                {"host", "pbx.example"},
                {"contact", "\"" + number + "\" <sip:" + number + "@10.0.0.2:5060>"},
                {"expires", "1700000000"},
                {"user-agent", "Htek UC924 2.0.4.2 00:1f:c1:00:00:01"},
                {"realm", "10.0.0.10"},
                {"network-ip", "10.0.0.2"},
                {"network-port", "5060"}};
    }

    Site site;
    Host host;
    int status = -1;
};

/// With the module loaded where phones are served on a loopback of its own, so that their files can
/// be rendered. Skipped where no network can be made.
inline void served(Files files, const std::function<void(Loaded& loaded)>& body) {
    files.interfaces = "127.0.0.1";
    bool allowed = false;
    std::thread([&] {
        allowed = ::unshare(CLONE_NEWNET) == 0 && std::system("ip link set lo up") == 0;
        if (!allowed) {
            return;
        }
        Loaded loaded(files);
        becomes_so(
            [&] { return loaded.host.pnp("status").find("127.0.0.1") != std::string::npos; });
        body(loaded);
    }).join();
    if (!allowed) {
        GTEST_SKIP() << "needs root to make a network";
    }
}

} // namespace fake
