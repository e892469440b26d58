// SPDX-License-Identifier: MIT
// The file door of an office with one phone: a real inventory, the shipped profiles, and a
// neighbour table to write into.
#pragma once

#include "provisioning/base/log.hpp"
#include "provisioning/serve/files.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace serve_test {

using base::Mac;
using inventory::Stage;
using inventory::Step;
using serve::Files;
using serve::Request;
using serve::Response;

inline const Mac phone = *Mac::parse("001fc1000001");
inline const Mac other = *Mac::parse("001fc1000002");
inline const std::string own_file = "cfg001fc1000001.xml";
inline const std::string agent = "Htek UC926 2.0.4.2 00:1f:c1:00:00:01";
constexpr base::Ipv4 our_address{0x0A000001};
constexpr base::Ipv4 phone_address{0x0A000063};

inline const std::string no_token = "file_refused: no valid token: wrong, spent, expired or none";

/// An Authorization header as RFC 7617 has it.
inline std::string login(Mac user, const std::string& password) {
    const std::string pair = user.str() + ":" + password;
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out = "Basic ";
    for (std::size_t at = 0; at < pair.size(); at += 3) {
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            bits =
                bits << 8U | (at + i < pair.size() ? static_cast<unsigned char>(pair[at + i]) : 0U);
        }
        for (std::size_t i = 0; i < 4; ++i) {
            out += at + i > pair.size() ? '=' : digits[bits >> (18 - 6 * i) & 63U];
        }
    }
    return out;
}

class Door : public testing::Test {
  protected:
    Door() {
        std::string pattern = testing::TempDir() + "files-XXXXXX";
        folder = ::mkdtemp(pattern.data());
        base::log::set_sink([this](base::log::Level, std::string_view, std::string_view text) {
            logged.emplace_back(text);
        });
        auto opened = inventory::Inventory::open(folder + "/pnp.sqlite3", {}, clock);
        EXPECT_TRUE(opened) << opened.error().what;
        store = std::move(*opened);
        auto catalogue = profile::Catalogue::load("");
        EXPECT_TRUE(catalogue) << catalogue.error().what;
        files = std::make_unique<Files>(
            *store, clock,
            Files::Reach{
                [this](const std::string& number) { return account(number); },
                [this](base::Ipv4 address) -> std::optional<Mac> {
                    const auto found = neighbours.find(address);
                    return found == neighbours.end() ? std::nullopt : std::optional(found->second);
                },
                [this](Mac) { return registered; },
                [this](const inventory::Device&) { return guests_are_welcome; },
            });
        with.catalogue = *catalogue;
        files->settings(with);
        files->surroundings({{{our_address, 24}}, {our_address}});
        apply({inventory::AddExtension{{"201", "Anna", base::Secret("S3cret-of-201")}},
               inventory::AddExtension{{"202", "Ben", base::Secret("S3cret-of-202")}},
               inventory::Assign{phone, {"201"}}});
    }

    ~Door() override {
        base::log::set_sink({});
        store.reset();
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);
    }

    Door(const Door&) = delete;
    Door& operator=(const Door&) = delete;

    base::Result<profile::Account> account(const std::string& number) const {
        const auto snapshot = store->now();
        const auto* extension = snapshot.extension(number);
        if (extension == nullptr || number == broken) {
            return base::fail(base::Errc::not_found, "the PBX has no {}", number);
        }
        return profile::Account{number, extension->name, extension->password};
    }

    void apply(const std::vector<inventory::Change>& changes) {
        const auto done = store->apply(changes, "test");
        ASSERT_TRUE(done) << done.error().what;
    }

    std::string first_token(Mac mac = phone) {
        const std::vector<Mac> macs = {mac};
        const auto tokens = store->mint_first_tokens(macs);
        EXPECT_TRUE(tokens);
        return tokens->at(0);
    }

    std::string steady_token(Mac mac = phone) const {
        const auto snapshot = store->now();
        return store->steady_token(*snapshot.device(mac));
    }

    static Request request(const std::string& token, const std::string& name) {
        Request made;
        made.method = "GET";
        made.path = "/p/" + token + "/" + name;
        made.user_agent = agent;
        made.peer = {phone_address, 40000};
        made.local = {our_address, 5480};
        return made;
    }

    Response get(const std::string& token, const std::string& name = own_file) {
        return files->answer(request(token, name));
    }

    Stage stage(Mac mac = phone) const { return store->now().device(mac)->seen.stage; }

    /// The steps that requests leave, as "step: detail".
    std::vector<std::string> steps(Mac mac = phone) {
        std::vector<std::string> all;
        const auto events = store->timeline(mac);
        EXPECT_TRUE(events);
        for (const auto& event : *events) {
            if (event.step != Step::approved && event.step != Step::assigned &&
                event.step != Step::unassigned && event.step != Step::blocked &&
                event.step != Step::rotated) {
                all.push_back(std::string(inventory::name(event.step)) + ": " + event.detail);
            }
        }
        return all;
    }

    base::FakeClock clock;
    std::string folder;
    std::vector<std::string> logged;
    std::unique_ptr<inventory::Inventory> store;
    std::unique_ptr<Files> files;
    serve::FileSettings with;
    std::map<base::Ipv4, Mac> neighbours = {{phone_address, phone}};
    std::optional<base::Ipv4> registered;
    bool guests_are_welcome = false;
    std::string broken;
};

inline void expect_the_404(const Response& response) {
    EXPECT_EQ(response.status, 404);
    EXPECT_EQ(response.content_type, "");
    EXPECT_EQ(response.body, nullptr);
    EXPECT_EQ(response.last_modified, 0);
}

} // namespace serve_test
