// SPDX-License-Identifier: MIT
// A phone, its facts, and folders of site files for the tests of profile/.
#pragma once

#include "provisioning/base/xml.hpp"
#include "provisioning/profile/catalogue.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

inline std::string site_data(const std::string& name) {
    return std::string(TEST_DATA) + "/profile/" + name;
}

inline const base::Mac phone_mac = *base::Mac::parse("001fc11b4e1c");

inline profile::Facts facts_for(std::size_t lines, const std::string& model = "UC926") {
    profile::Facts facts;
    facts.mac = phone_mac;
    facts.model = model;
    facts.firmware = "2.0.4.2";
    facts.host = *base::Ipv4::parse("192.0.2.10");
    facts.provisioning_url = "http://192.0.2.10:5480/p/AbCdEfGhIjKlMnOpQrStUv/";
    facts.site.time_zone = "Europe/Berlin";
    for (std::size_t i = 0; i < lines; ++i) {
        const std::string number = std::to_string(201 + i);
        facts.accounts.push_back({number, "Desk " + number, base::Secret("s3cret-" + number)});
    }
    return facts;
}

/// Loads, or fails the test.
inline std::shared_ptr<const profile::Catalogue> catalogue(const std::string& site = {}) {
    auto loaded = profile::Catalogue::load(site);
    EXPECT_TRUE(loaded) << loaded.error().what;
    return loaded ? *loaded : nullptr;
}

/// What a load complains about; empty when it does not.
inline std::string complaint(const std::string& site) {
    const auto loaded = profile::Catalogue::load(site);
    return loaded ? std::string() : loaded.error().what;
}

inline base::Result<std::string>
render(const profile::Catalogue& catalogue, const std::string& file, const profile::Facts& facts) {
    const profile::Vendor* htek = catalogue.named("htek");
    const profile::ChainStep* step = htek->step_for(file, facts.mac, facts.model);
    EXPECT_NE(step, nullptr) << file;
    return step == nullptr ? base::fail(base::Errc::not_found, "no step")
                           : catalogue.render(*htek, *step, facts);
}

/// The phone's own file as key → value; keys are the labels of both spellings.
inline std::map<std::string, std::string> settings_in(const std::string& file) {
    std::map<std::string, std::string> settings;
    const auto root = base::parse_xml(file);
    EXPECT_TRUE(root) << file;
    for (const auto& node : root ? root->child("config")->children : std::vector<base::XmlNode>()) {
        const auto label = node.attribute("para");
        const auto key = label.empty() ? node.name : std::string(label);
        EXPECT_TRUE(settings.emplace(key, node.text).second) << key << " stands twice";
    }
    return settings;
}

/// A site folder that goes with the test.
class SiteFolder {
  public:
    SiteFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "pnp-site-XXXXXX").string();
        EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
        path_ = pattern;
    }

    ~SiteFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    SiteFolder(const SiteFolder&) = delete;
    SiteFolder& operator=(const SiteFolder&) = delete;

    const std::string& path() const { return path_; }

    void write(const std::string& file, const std::string& text) const {
        const auto whole = std::filesystem::path(path_) / file;
        std::filesystem::create_directories(whole.parent_path());
        std::ofstream(whole, std::ios::binary) << text;
    }

  private:
    std::string path_;
};
