// SPDX-License-Identifier: MIT
// What the PBX is given of our extensions, and when.
#include "module/extensions.hpp"

#include "tests/dialplan/shelf.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const base::Mac alice = *base::Mac::parse("001fc1000001");

/// A PBX that writes down what it is asked, and refuses `refused`.
struct FakePbx {
    std::vector<std::string> asked;
    std::string refused;
    bool is_blind = false;
    unsigned looks = 0;
    pnp_host host{};

    FakePbx() {
        host.context = this;
        host.put_extension = [](void* context, const pnp_extension* extension, char* why,
                                std::size_t size) {
            auto& self = *static_cast<FakePbx*>(context);
            self.asked.push_back(fmt::format(
                "put {} '{}' {} mac={} phones={} {} {} {} {}", extension->number, extension->name,
                extension->password, extension->mac, extension->phones, extension->home,
                extension->context, extension->codecs, extension->transport));
            return self.answer(extension->number, why, size);
        };
        host.may_own = [](void* context, const char* number, const char* /*home*/, char* why,
                          std::size_t size) {
            return static_cast<FakePbx*>(context)->answer(number, why, size);
        };
        host.remove_extension = [](void* context, const char* number) {
            static_cast<FakePbx*>(context)->asked.push_back(fmt::format("remove {}", number));
        };
    }

    int answer(const std::string& number, char* why, std::size_t size) const {
        std::snprintf(why, size, "pjsip.conf has %s", number.c_str());
        return number == refused ? PNP_UNUSABLE : 0;
    }

    /// As a host that reads all of its own at once.
    void can_look() {
        host.look = [](void* context, char* why, std::size_t size) {
            auto& self = *static_cast<FakePbx*>(context);
            ++self.looks;
            std::snprintf(why, size, "the directory is away");
            return self.is_blind ? PNP_UNUSABLE : 0;
        };
    }

    std::vector<std::string> take() { return std::exchange(asked, {}); }
};

struct ExtensionsIn : testing::Test {
    Shelf shelf;
    FakePbx pbx;
    engine::Extensions extensions{pbx.host, *shelf};
    engine::Desk::Rules rules;

    ExtensionsIn() {
        auto catalogue = profile::Catalogue::load("");
        EXPECT_TRUE(catalogue);
        rules.catalogue = *catalogue;
        rules.extensions_context = "pnp";
        shelf.has_extension("201", "Alice");
    }

    void decide(const inventory::Change& change) {
        shelf.apply({change});
        extensions.sync(rules);
    }
};

TEST_F(ExtensionsIn, ThePbxAreThereOnceAndChangeWithTheirPhone) {
    extensions.sync(rules);
    EXPECT_THAT(pbx.take(), ElementsAre("put 201 'Alice' hunter2-201 mac= phones=0 pnp pnp "
                                        "g722,alaw,ulaw "));
    extensions.sync(rules);
    EXPECT_THAT(pbx.take(), IsEmpty());
    decide(inventory::Assign{alice, {"201"}});
    EXPECT_THAT(pbx.take(), ElementsAre("put 201 'Alice' hunter2-201 mac=001fc1000001 phones=1 pnp "
                                        "pnp g722,alaw,ulaw "));
    decide(inventory::Unassign{alice});
    pbx.take();
    decide(inventory::RemoveExtension{"201"});
    EXPECT_THAT(pbx.take(), ElementsAre("remove 201"));
}

TEST_F(ExtensionsIn, ThePbxTakeWhatTheRulesSetForTheirPhone) {
    profile::Rule htek;
    htek.vendor = "htek";
    htek.context = "from-internal";
    htek.codecs = "alaw";
    htek.transport = "transport-tcp";
    rules.rules = {htek};
    extensions.sync(rules);
    EXPECT_THAT(pbx.take().front(), HasSubstr("pnp pnp g722")); // no phone, so no vendor
    decide(inventory::Assign{alice, {"201"}});
    EXPECT_THAT(pbx.take().front(), HasSubstr("pnp from-internal alaw transport-tcp"));
}

TEST_F(ExtensionsIn, OnSeveralPhonesCallFromOneContextWhicheverPhoneAsks) {
    profile::Rule panasonic;
    panasonic.vendor = "panasonic";
    panasonic.context = "from-hall";
    profile::Rule htek;
    htek.vendor = "htek";
    htek.context = "from-internal";
    rules.rules = {panasonic, htek};
    rules.claims.guests_context = "lobby";
    decide(inventory::Assign{*base::Mac::parse("0080f0010203"), {"201"}});
    decide(inventory::Assign{alice, {"201"}});
    const auto context = engine::Extensions::context_of(shelf->now(), "201", rules);
    EXPECT_EQ(context, "from-internal") << "that of the first phone";
    EXPECT_THAT(pbx.take().back(), HasSubstr("phones=2 pnp from-internal "));
    EXPECT_EQ(engine::Extensions::context_of(shelf->now(), "guest001fc1000001", rules), "lobby");
    EXPECT_EQ(engine::Extensions::context_of(shelf->now(), "202", rules), "pnp");
}

TEST_F(ExtensionsIn, ThePbxOfAGuestCallNextToNobodyAndStayWhenItIsClaimed) {
    rules.claims.guests_context = "lobby";
    extensions.sync(rules);
    pbx.take();
    decide(inventory::MakeGuest{alice, base::Secret("pw")});
    EXPECT_THAT(pbx.take(),
                ElementsAre("put guest001fc1000001 'Guest' pw mac=001fc1000001 phones=1 "
                            " lobby g722,alaw,ulaw "));
    decide(inventory::ClaimPhone{alice, "201"});
    EXPECT_THAT(pbx.take(), ElementsAre(HasSubstr("put 201 ")));
}

TEST_F(ExtensionsIn, ThePbxThatAreRefusedAreToldAndTriedAgain) {
    pbx.refused = "201";
    extensions.sync(rules);
    EXPECT_THAT(extensions.problems(),
                ElementsAre("extension 201 is not in the PBX: pjsip.conf has 201"));
    pbx.refused.clear();
    extensions.sync(rules);
    EXPECT_THAT(extensions.problems(), IsEmpty());
    EXPECT_EQ(pbx.take().size(), 2U);
}

TEST_F(ExtensionsIn, ThePbxGiveWayToWhatTheAdministratorMadeMeanwhile) {
    extensions.sync(rules);
    pbx.take();
    pbx.refused = "201";
    extensions.sync(rules);
    EXPECT_THAT(pbx.take(), IsEmpty()) << "it is not asked at every change";
    extensions.sync(rules, true);
    EXPECT_THAT(pbx.take(), ElementsAre("remove 201"));
    EXPECT_EQ(extensions.problems().size(), 1U);
}

TEST_F(ExtensionsIn, ThePbxStayWhileItsOwnCannotBeSeen) {
    pbx.can_look();
    extensions.sync(rules);
    pbx.take();
    pbx.is_blind = true;
    pbx.refused = "201"; // whatever it says of what it cannot see
    extensions.sync(rules, true);
    EXPECT_TRUE(extensions.is_blind());
    EXPECT_THAT(pbx.take(), IsEmpty());
    EXPECT_THAT(extensions.problems(),
                ElementsAre(HasSubstr("left as they are: the directory is away")));
    EXPECT_TRUE(extensions.fits("201", "pnp")) << "its phone's file is made";
    EXPECT_FALSE(extensions.fits("202", "pnp"));
    shelf.has_extension("202", "Bob");
    extensions.sync(rules);
    EXPECT_THAT(pbx.take(), IsEmpty()) << "it waits";

    pbx.is_blind = false;
    extensions.sync(rules, true);
    EXPECT_FALSE(extensions.is_blind());
    EXPECT_THAT(pbx.take(), UnorderedElementsAre("remove 201", HasSubstr("put 202")));
}

/// As after a restart, while a web server that answers for the PBX's files is away.
TEST_F(ExtensionsIn, ThePbxAreThereBeforeItsOwnWereEverSeen) {
    pbx.can_look();
    pbx.is_blind = true;
    shelf.has_extension("202", "Bob");
    extensions.sync(rules, true);
    EXPECT_THAT(pbx.take(), UnorderedElementsAre(HasSubstr("put 201"), HasSubstr("put 202")));
    EXPECT_TRUE(extensions.is_blind());
    EXPECT_FALSE(extensions.fits("203", "pnp"));

    pbx.is_blind = false;
    pbx.refused = "201";
    extensions.sync(rules); // something else changed, and what the PBX has can be seen again
    EXPECT_THAT(pbx.take(), ElementsAre("remove 201"));
    EXPECT_THAT(extensions.problems(),
                ElementsAre("extension 201 is not in the PBX: pjsip.conf has 201"));
    EXPECT_FALSE(extensions.is_blind());
}

TEST_F(ExtensionsIn, ThePbxWhichWereAllRemovedAreNotSaidToBeLeftThere) {
    pbx.can_look();
    extensions.sync(rules);
    pbx.is_blind = true;
    extensions.sync(rules, true);
    EXPECT_EQ(extensions.problems().size(), 1U);
    decide(inventory::RemoveExtension{"201"});
    EXPECT_THAT(extensions.problems(), IsEmpty());
    EXPECT_FALSE(extensions.is_blind());
    EXPECT_FALSE(extensions.fits("201", "pnp")) << "and none is made in the dark";
}

TEST_F(ExtensionsIn, ThePbxAreLookedAtOnceForAllOfThem) {
    pbx.can_look();
    for (int number = 300; number < 320; ++number) {
        shelf.has_extension(std::to_string(number), "");
    }
    extensions.sync(rules);
    EXPECT_EQ(pbx.looks, 1U);
    extensions.sync(rules);
    EXPECT_EQ(pbx.looks, 1U) << "nothing is to be asked";
    extensions.sync(rules, true);
    EXPECT_EQ(pbx.looks, 2U);
}

} // namespace
