// SPDX-License-Identifier: MIT
// An office with OpenStage phones: a real inventory, a service, and phones that write their own
// XML.
#pragma once

#include "provisioning/base/log.hpp"
#include "provisioning/wpi/service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace wpi_test {

using base::Ipv4;
using base::Mac;
using inventory::ItemKey;
using inventory::JobKind;
using inventory::JobState;
using inventory::Step;

inline const Mac phone_mac = *Mac::parse("001ae8102030");
inline const Mac other_mac = *Mac::parse("001ae8102031");
inline const Ipv4 our_address = *Ipv4::parse("10.20.30.5");
inline const Ipv4 phone_address = *Ipv4::parse("10.20.31.77");
inline const Ipv4 other_address = *Ipv4::parse("10.20.31.78");
inline const Ipv4 nat_address =
    *Ipv4::parse("192.0.2.9"); ///< off-link: no neighbour proves anything
inline const std::string sip_password = "an-example-only";

/// What the service answered, read with nothing of ours.
struct Reply {
    int status = 0;
    std::string text;
    std::string action;
    std::string nonce;
    std::map<std::string, std::string> items; ///< by "name" or "name index"
    std::string set_cookie;
    bool ends_connection = false;
    serve::Response response;

    bool is_clean_up() const { return status == 200 && action == "CleanUp"; }
};

inline Reply read_reply(const serve::Response& response) {
    Reply reply;
    reply.status = response.status;
    reply.response = response;
    reply.ends_connection = response.ends_connection;
    for (const auto& [name, value] : response.fields) {
        if (name == "Set-Cookie") {
            reply.set_cookie = value;
        }
    }
    if (!response.body) {
        return reply;
    }
    reply.text = *response.body;
    std::smatch found;
    if (std::regex_search(reply.text, found, std::regex("<Action>([A-Za-z]+)</Action>"))) {
        reply.action = found[1];
    }
    if (std::regex_search(reply.text, found, std::regex("<Message nonce=\"([^\"]*)\">"))) {
        reply.nonce = found[1];
    }
    const std::regex item("<Item name=\"([^\"]*)\"(?: index=\"([^\"]*)\")?(?:/>|>([^<]*)</Item>)");
    for (std::sregex_iterator one(reply.text.begin(), reply.text.end(), item), end; one != end;
         ++one) {
        const auto key = (*one)[1].str() + ((*one)[2].matched ? " " + (*one)[2].str() : "");
        reply.items[key] = (*one)[3];
    }
    return reply;
}

/// One item as a phone writes it.
inline std::string item(const std::string& name,
                        const std::string& value = "",
                        const std::string& index = "",
                        const std::string& status = "") {
    return fmt::format("<Item{}{} name=\"{}\">{}</Item>",
                       status.empty() ? "" : " status=\"" + status + "\"",
                       index.empty() ? "" : " index=\"" + index + "\"", name, value);
}

inline std::string envelope(const std::string& nonce,
                            const std::string& reason,
                            const std::string& items,
                            const std::string& reason_attributes = "",
                            const std::string& message_attributes = " maxItems=\"-1\"") {
    return fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                       "<WorkpointMessage xmlns=\"http://www.siemens.com/DLS\" "
                       "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
                       "xsi:schemaLocation=\"http://www.siemens.com/DLS\">\n"
                       " <Message nonce=\"{}\"{}>\n  <ReasonForContact{}>{}</ReasonForContact>\n"
                       "  <ItemList>{}</ItemList>\n </Message>\n</WorkpointMessage>\n",
                       nonce, message_attributes, reason_attributes, reason, items);
}

/// Whose time of day can be set back, as an administrator or NTP does.
class OfficeClock final : public base::Clock {
  public:
    base::Steady now() const override { return fake_.now(); }

    base::UnixMs unix_ms() const override { return fake_.unix_ms() - back_.count(); }

    void advance(base::Duration by) { fake_.advance(by); }

    void set_back(std::chrono::milliseconds by) { back_ += by; }

  private:
    base::FakeClock fake_;
    std::chrono::milliseconds back_{0};
};

class Office : public testing::Test {
  protected:
    Office() {
        std::string pattern = testing::TempDir() + "wpi-XXXXXX";
        folder = ::mkdtemp(pattern.data());
        base::log::set_sink([this](base::log::Level, std::string_view, std::string_view text) {
            logged.emplace_back(text);
        });
        reopen();
        apply({inventory::AddExtension{{"4210", "Anna", base::Secret(sip_password)}},
               inventory::Assign{phone_mac, {"4210"}}});
        with.file_folder = folder;
        serve();
    }

    ~Office() override {
        base::log::set_sink({});
        service.reset();
        store.reset();
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);
    }

    Office(const Office&) = delete;
    Office& operator=(const Office&) = delete;

    void reopen() {
        service.reset();
        store.reset();
        auto opened = inventory::Inventory::open(folder + "/pnp.sqlite3", {}, clock);
        ASSERT_TRUE(opened) << opened.error().what;
        store = std::move(*opened);
    }

    /// A service that knows what the disk knows, as after a restart of ours.
    void serve(wpi::SessionLimits limits = {}) {
        service = std::make_unique<wpi::Service>(
            *store, clock,
            wpi::Service::Reach{
                [this](const inventory::Device& device, const std::string&, const std::string&,
                       Ipv4) -> base::Result<std::vector<wpi::Item>> {
                    ++rendered;
                    if (while_rendering) { // set by tests of one phone only
                        std::exchange(while_rendering, nullptr)();
                    }
                    if (!broken.empty()) {
                        return base::fail(base::Errc::not_found, "{}", broken);
                    }
                    auto items = wanted;
                    if (device.mac == other_mac) {
                        items = {{"e164", std::nullopt, "4211"},
                                 {"sip-pwd", std::nullopt, "another-secret"}};
                    }
                    return items;
                },
                [this](Ipv4 address) -> std::optional<Mac> {
                    const auto found = neighbours.find(address);
                    return found == neighbours.end() ? std::nullopt : std::optional(found->second);
                },
                [](const auto&) -> std::optional<Ipv4> { return our_address; },
                [this](Mac mac, wpi::Reason) {
                    const std::lock_guard hold(called_lock);
                    called.push_back(mac);
                },
                [this](Mac, wpi::Ending ending) {
                    const std::lock_guard hold(called_lock);
                    ends.push_back(ending);
                },
            },
            limits);
        service->settings(with);
        service->surroundings({{{our_address, 16}}, {our_address}});
    }

    void settings() { service->settings(with); }

    void apply(const std::vector<inventory::Change>& changes) {
        const auto done = store->apply(changes, "test");
        ASSERT_TRUE(done) << done.error().what;
    }

    std::shared_ptr<const inventory::Workpoint> known(Mac mac = phone_mac) const {
        return store->workpoints().find(mac);
    }

    std::string reported(const std::string& name, int index = -1) const {
        const auto phone = known();
        const auto found = phone->reported.find(ItemKey{name, index});
        return found == phone->reported.end() ? "(not reported)" : found->second;
    }

    std::int64_t add_job(JobKind kind, std::map<ItemKey, std::string> items = {}) {
        inventory::Job job;
        job.mac = phone_mac;
        job.kind = kind;
        job.items = std::move(items);
        const auto id = store->workpoints().add(job, "test");
        EXPECT_TRUE(id) << id.error().what;
        return id ? *id : 0;
    }

    inventory::Job job(std::int64_t id) const {
        return store->workpoints().job(id).value_or(inventory::Job{});
    }

    void file(const std::string& name, const std::string& content) const {
        std::ofstream(folder + "/" + name) << content;
    }

    /// The steps of a phone's timeline, as "step: detail".
    std::vector<std::string> steps(Mac mac = phone_mac) {
        std::vector<std::string> all;
        const auto events = store->timeline(mac);
        EXPECT_TRUE(events);
        for (const auto& event : *events) {
            all.push_back(std::string(inventory::name(event.step)) + ": " + event.detail);
        }
        return all;
    }

    serve::Request get(const std::string& url, Ipv4 from) const {
        serve::Request request;
        request.method = "GET";
        request.path = url.substr(url.find('/', std::string("https://").size()));
        request.peer = {from, 40001};
        request.local = {our_address, 18443};
        return request;
    }

    /// A phone: keeps its cookie as it was told to, and its connection.
    struct Phone {
        Office& office;
        Mac mac = phone_mac;
        Ipv4 source = phone_address;
        std::uint64_t connection = ++office.last_connection;
        bool keeps_cookies = true;
        std::string firmware = "V3 R5.12.0";
        std::string cookie = {};
        Reply last = {};
        std::string last_nonce = {};

        Reply post(const std::string& xml) {
            serve::Request request;
            request.method = "POST";
            request.path = "/DeploymentService/LoginService";
            request.peer = {source, 40000};
            request.local = {our_address, 18443};
            request.tls = true;
            request.connection = connection;
            request.cookie = cookie;
            request.body = xml;
            last = read_reply(office.service->answer(request));
            if (!last.set_cookie.empty() && keeps_cookies) {
                cookie = last.set_cookie.substr(0, last.set_cookie.find(';'));
            }
            return last;
        }

        std::string nonce() {
            last_nonce = fmt::format("A0E1{:028X}", ++office.last_nonce_number);
            return last_nonce;
        }

        std::string basic() const {
            auto upper = mac.colons();
            for (auto& c : upper) {
                c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
            }
            return item("device-type", "OpenStage 40") +
                   item("related-device-type", "OpenStage 40") +
                   item("software-type", "Siemens SIP") + item("software-version", firmware) +
                   item("contact-me-uri",
                        "\n   http://" + source.str() + ":8085/contact_dls.html/ContactDLS\n") +
                   item("mac-addr", upper) + item("mobility-enabled", "false") +
                   item("user-pwd", "000000-in-clear") + item("user-pwd-unicode", "", "", "failed");
        }

        Reply call(const std::string& reason, const std::string& items = "") {
            return post(envelope(nonce(), reason, basic() + items));
        }

        Reply start_up(bool is_changed = false, const std::string& e164 = "4210") {
            return call("start-up",
                        item("configuration-changed-flag", is_changed ? "true" : "false") +
                            item("e164", e164));
        }

        Reply reply(const std::string& action,
                    const std::string& items = "",
                    const std::string& status = "accepted",
                    const std::string& fragment = "final") {
            return post(envelope(nonce(), "reply-to", items,
                                 fmt::format(" action=\"{}\" status=\"{}\"", action, status),
                                 fmt::format(" maxItems=\"-1\" fragment=\"{}\"", fragment)));
        }
    };

    Phone phone() { return Phone{*this}; }

    Phone behind_nat() { return Phone{*this, phone_mac, nat_address}; }

    /// What a phone has that took all that is wanted.
    std::string all_items() const {
        std::string items;
        for (const auto& one : wanted) {
            if (one.name.find("pwd") == std::string::npos) {
                items += item(one.name, one.value, one.index ? std::to_string(*one.index) : "");
            }
        }
        return items + item("ringer-melody", "2") + item("display-id", "x");
    }

    /// From the factory to its configuration.
    void configure() {
        auto it = phone();
        ASSERT_EQ(it.start_up(true, "").action, "ReadAllItems");
        ASSERT_EQ(it.reply("ReadAllItems", item("mac-addr", "00:1A:E8:10:20:30")).action,
                  "WriteItems");
        auto reply = it.reply("WriteItems");
        for (int more = 0; more < 5 && reply.action == "WriteItems"; ++more) {
            reply = it.reply("WriteItems");
        }
        ASSERT_TRUE(reply.is_clean_up()) << reply.text;
        clock.advance(std::chrono::seconds(10));
    }

    std::int64_t enrol(std::optional<base::Network> from = std::nullopt) {
        inventory::Enrolment window;
        window.until =
            clock.unix_ms() + std::chrono::milliseconds(std::chrono::minutes(30)).count();
        window.mac = phone_mac;
        window.from = from;
        apply({inventory::OpenEnrolment{window}});
        return store->now().enrolments().back().id;
    }

    OfficeClock clock;
    std::string folder;
    std::vector<std::string> logged;
    std::unique_ptr<inventory::Inventory> store;
    std::unique_ptr<wpi::Service> service;
    wpi::ServiceSettings with;
    std::map<Ipv4, Mac> neighbours = {{phone_address, phone_mac}, {other_address, other_mac}};
    std::vector<wpi::Item> wanted = {
        {"e164", std::nullopt, "4210"},
        {"sip-user-id", std::nullopt, "4210"},
        {"sip-pwd", std::nullopt, sip_password},
        {"reg-addr", std::nullopt, "10.20.30.9"},
        {"reg-port", std::nullopt, "5060"},
        {"registrar-addr", std::nullopt, "10.20.30.9"},
        {"registrar-port", std::nullopt, "5060"},
        {"function-key-def", 1, "59"},
        {"key-label-unicode", 1, "Front desk"},
        {"dcmp-url", std::nullopt, "http://10.20.30.5:8080/dcmp/"},
    };
    std::string broken;
    std::mutex called_lock; ///< of what follows
    std::vector<Mac> called;
    std::vector<wpi::Ending> ends;
    std::atomic<int> rendered{0};
    std::function<void()> while_rendering; ///< once, in the middle of a message
    std::uint64_t last_connection = 100;
    int last_nonce_number = 0;
};

} // namespace wpi_test
