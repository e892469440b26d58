// SPDX-License-Identifier: MIT
// Files that are kept: what changes makes another one, and no more are kept than may be.
#include "provisioning/profile/rendered.hpp"

#include "tests/profile/sample.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

using profile::ChainStep;
using profile::Facts;
using profile::Rendered;
using testing::HasSubstr;
using testing::Not;

const std::string own_file = "cfg001fc11b4e1c.xml";

Rendered::Digest id(const Rendered& rendered, const std::string& text) {
    Facts facts;
    facts.model = text;
    return rendered.key("htek", {}, facts, false);
}

using FactsChange = std::function<void(Facts&)>;

/// One of each field that a file may be made of.
const std::vector<FactsChange> changes_of_facts = {
    [](Facts& f) { f.mac = *base::Mac::parse("001fc11b4e1d"); },
    [](Facts& f) { f.model = "UC924"; },
    [](Facts& f) { f.firmware = "2.0.4.3"; },
    [](Facts& f) { f.host.value += 1; },
    [](Facts& f) { f.provisioning_url += "x"; },
    [](Facts& f) { f.url_user = "x"; },
    [](Facts& f) { f.url_password = "x"; },
    [](Facts& f) { f.accounts.pop_back(); },
    [](Facts& f) { std::swap(f.accounts[0], f.accounts[1]); },
    [](Facts& f) { f.accounts[0].number = "x"; },
    [](Facts& f) { f.accounts[0].name = "x"; },
    [](Facts& f) { f.accounts[0].password = base::Secret("s3cret-20x"); },
    [](Facts& f) { f.accounts[0].password = {}; },
    [](Facts& f) { f.accounts[0].user = "x"; },
    [](Facts& f) { f.accounts[0].context = "x"; },
    [](Facts& f) { f.accounts[0].digit_map = "x"; },
    [](Facts& f) { f.accounts[0].digit_map = ""; },
    [](Facts& f) { f.accounts[1].digit_map = ""; },
    [](Facts& f) { f.site.offer_url = base::Secret("x"); },
    [](Facts& f) { f.site.offer_url = base::Secret("y"); },
    [](Facts& f) { f.site.dialect = profile::Dialect::standard; },
    [](Facts& f) { f.site.dialect = profile::Dialect::echo; },
    [](Facts& f) { f.site.credential = profile::Credential::path; },
    [](Facts& f) { f.site.credential = profile::Credential::userinfo; },
    [](Facts& f) { f.site.scheme = "https"; },
    [](Facts& f) { f.site.sip_server = "x"; },
    [](Facts& f) { f.site.sip_transport = "tls"; },
    [](Facts& f) { f.site.register_expires += std::chrono::milliseconds(1); },
    [](Facts& f) { f.site.ntp_server = "x"; },
    [](Facts& f) { f.site.time_zone = "x"; },
    [](Facts& f) { f.site.time_zone_is_vendors = true; },
    [](Facts& f) { f.site.pnp_after = "off"; },
    [](Facts& f) { f.site.dial_plan = "x"; },
    [](Facts& f) { f.site.dial_unmatched = "block"; },
    [](Facts& f) { f.site.digit_map = "factory"; },
    [](Facts& f) { f.site.keys.emplace_back(); },
    [](Facts& f) {
        f.site.keys = {{profile::Key::Kind::blf, "202", "Anna"}};
    },
    [](Facts& f) {
        f.site.keys = {{profile::Key::Kind::dial, "202", "Anna"}};
    },
    [](Facts& f) {
        f.site.keys = {{profile::Key::Kind::blf, "202A", "nna"}};
    },
    [](Facts& f) { f.site.voicemail = "x"; },
    [](Facts& f) { f.site.pickup = "x"; },
    [](Facts& f) { f.site.group_pickup = "x"; },
    [](Facts& f) { f.site.spelling = "x"; },
    [](Facts& f) { f.site.context = "x"; },
    [](Facts& f) { f.site.codecs = "x"; },
    [](Facts& f) { f.site.transport = "x"; },
    [](Facts& f) {
        f.firmware_offer = profile::FirmwareOffer{"", ""};
    },
    [](Facts& f) {
        f.firmware_offer = profile::FirmwareOffer{"1", ""};
    },
    [](Facts& f) {
        f.firmware_offer = profile::FirmwareOffer{"", "1"};
    },
    [](Facts& f) { f.service.port += 1; },
    [](Facts& f) { f.service.poll_url = "x"; },
    [](Facts& f) { f.service.poll_interval += std::chrono::minutes(1); },
};

using StepChange = std::function<void(ChainStep&)>;

const std::vector<StepChange> changes_of_step = {
    [](ChainStep& s) { s.pattern = "x"; }, [](ChainStep& s) { s.template_name = "x"; },
    [](ChainStep& s) { s.root = "x"; },    [](ChainStep& s) { s.format = profile::Format::text; },
    [](ChainStep& s) { s.child = "x"; },
};

TEST(RenderedFiles, AreFoundByAllThatTheyAreMadeOf) {
    const Rendered rendered(10, 1000);
    ChainStep step;
    step.pattern = own_file;
    step.template_name = "phone";
    std::set<Rendered::Digest> keys = {rendered.key("htek", step, facts_for(2), false)};
    EXPECT_TRUE(keys.contains(rendered.key("htek", step, facts_for(2), false)));
    for (std::size_t i = 0; i < changes_of_facts.size(); ++i) {
        auto facts = facts_for(2);
        changes_of_facts[i](facts);
        EXPECT_TRUE(keys.insert(rendered.key("htek", step, facts, false)).second) << i;
    }
    for (std::size_t i = 0; i < changes_of_step.size(); ++i) {
        auto other = step;
        changes_of_step[i](other);
        EXPECT_TRUE(keys.insert(rendered.key("htek", other, facts_for(2), false)).second) << i;
    }
    EXPECT_TRUE(keys.insert(rendered.key("other", step, facts_for(2), false)).second);
    EXPECT_TRUE(keys.insert(rendered.key("htek", step, facts_for(2), true)).second)
        << "a file for anybody is none with passwords";
}

std::optional<std::string> text(Rendered& rendered, const Rendered::Digest& key) {
    auto made = rendered.find(key);
    return made ? std::optional(std::move(made->text)) : std::nullopt;
}

TEST(RenderedFiles, AreWhatWasKept) {
    Rendered rendered(10, 1000);
    EXPECT_EQ(text(rendered, id(rendered, "a")), std::nullopt);
    rendered.keep(id(rendered, "a"), "file a");
    rendered.keep(id(rendered, "b"), "");
    rendered.keep(id(rendered, "a"), "file a");
    EXPECT_EQ(text(rendered, id(rendered, "a")), "file a");
    EXPECT_EQ(text(rendered, id(rendered, "b")), "");
    EXPECT_EQ(rendered.find(id(rendered, "a"))->digest, base::sha256("file a"));
    EXPECT_EQ(rendered.files(), 2U);
    EXPECT_EQ(rendered.bytes(), 6U);
}

TEST(RenderedFiles, ThatNobodyAskedForTheLongestGoWhereThereAreTooMany) {
    Rendered rendered(3, 1000);
    for (const std::string name : {"a", "b", "c"}) {
        rendered.keep(id(rendered, name), name);
    }
    EXPECT_EQ(text(rendered, id(rendered, "a")), "a");
    rendered.keep(id(rendered, "d"), "d");
    EXPECT_EQ(rendered.files(), 3U);
    EXPECT_EQ(rendered.bytes(), 3U);
    EXPECT_EQ(text(rendered, id(rendered, "b")), std::nullopt);
    for (const std::string name : {"a", "c", "d"}) {
        EXPECT_EQ(text(rendered, id(rendered, name)), name);
    }
}

TEST(RenderedFiles, AreNeverMoreBytesThanMayBe) {
    Rendered rendered(1000, 100);
    for (std::size_t i = 0; i < 500; ++i) {
        rendered.keep(id(rendered, std::to_string(i)), std::string(i % 101, 'x'));
        EXPECT_LE(rendered.bytes(), 100U);
    }
    rendered.keep(id(rendered, "whole"), std::string(100, 'y'));
    EXPECT_EQ(rendered.files(), 1U);
    rendered.keep(id(rendered, "more"), std::string(101, 'z'));
    EXPECT_EQ(text(rendered, id(rendered, "more")), std::nullopt);
    EXPECT_EQ(text(rendered, id(rendered, "whole")), std::string(100, 'y')) << "made room in vain";
}

TEST(RenderedFiles, AreMadeAnewForEachChangeThatAPhoneCanSee) {
    const auto all = catalogue();
    const auto unasked = catalogue();
    const auto before = *render(*all, own_file, facts_for(2));
    EXPECT_EQ(*render(*all, own_file, facts_for(2)), before);
    const auto after = [&](const FactsChange& change) {
        auto facts = facts_for(2);
        change(facts);
        const auto file = *render(*all, own_file, facts);
        EXPECT_EQ(file, *render(*unasked, own_file, facts)) << "as one that was never kept";
        EXPECT_NE(file, before);
        EXPECT_EQ(*render(*all, own_file, facts_for(2)), before) << "and back again";
        return file;
    };
    EXPECT_THAT(after([](Facts& f) { f.accounts[0].password = base::Secret("An0ther-secret"); }),
                Not(HasSubstr("s3cret-201")));
    EXPECT_THAT(after([](Facts& f) { f.accounts.pop_back(); }), Not(HasSubstr("s3cret-202")));
    EXPECT_THAT(after([](Facts& f) { f.host = *base::Ipv4::parse("198.51.100.7"); }),
                HasSubstr("198.51.100.7"));
    EXPECT_THAT(after([](Facts& f) { f.provisioning_url = "http://192.0.2.10:5480/p/new/"; }),
                Not(HasSubstr("AbCdEfGhIjKlMnOpQrStUv")));
    EXPECT_THAT(after([](Facts& f) { f.site.sip_server = "sip.example.org"; }),
                HasSubstr("sip.example.org"));
}

TEST(RenderedFiles, ForAnybodyHoldNothingOfThePhoneThatAskedWithTheSameFacts) {
    const auto all = catalogue();
    const auto* htek = all->named("htek");
    const auto facts = facts_for(1);
    for (int round = 0; round < 2; ++round) {
        EXPECT_THAT(*render(*all, own_file, facts), HasSubstr("s3cret-201"));
        EXPECT_THAT(*all->render_boot(*htek, facts), Not(HasSubstr("s3cret-201")));
        EXPECT_THAT(*all->render_guest(*htek, facts), Not(HasSubstr("s3cret-201")));
    }
}

TEST(RenderedFiles, AreNotThoseOfAnotherVendorOfThatName) {
    const auto all = catalogue();
    const auto* htek = all->named("htek");
    const auto* step = htek->step_for(own_file, phone_mac, "UC926");
    auto facts = facts_for(1);
    const auto file = all->render(*htek, *step, facts);
    auto other = *htek;
    other.time_zones["Europe/Berlin"] = "77";
    EXPECT_NE(*all->render(other, *step, facts), *file);
    EXPECT_EQ(*all->render(*htek, *step, facts), *file);
}

TEST(RenderedFiles, ThatCannotBeMadeAreTriedAgain) {
    const auto all = catalogue();
    auto facts = facts_for(1);
    facts.accounts[0].name = "a\nb";
    for (int round = 0; round < 2; ++round) {
        const auto file = render(*all, own_file, facts);
        ASSERT_FALSE(file);
        EXPECT_THAT(file.error().what, HasSubstr("201"));
    }
    facts.accounts[0].name = "ab";
    EXPECT_TRUE(render(*all, own_file, facts));
}

} // namespace
