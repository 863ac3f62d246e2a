import { differences } from './differences.js';

describe('what differs', () => {
  it.each<[string, object, object, string[]]>([
    ['nothing, where Datadog added something of its own', { a: 1 }, { a: 1, id: 7, created: 'x' }, []],
    ['a value', { a: { b: 1 } }, { a: { b: 2 } }, ['a.b']],
    ['a value that is gone', { a: { b: 1 } }, {}, ['a.b']],
    ['nothing, where absent meets null', { a: undefined, b: null }, { a: null }, []],
    ['nothing, where a text ends otherwise', { a: 'x' }, { a: 'x\n' }, []],
    ['nothing, where tags come in another order', { tags: ['a', 'b'] }, { tags: ['b', 'a'] }, []],
    ['a tag', { tags: ['a'] }, { tags: ['a', 'b'] }, ['tags']],
    ['the number of a list', { widgets: [{ a: 1 }] }, { widgets: [{ a: 1 }, { a: 2 }] }, ['widgets']],
    ['a place in a list', { widgets: [{ a: 1 }, { a: 2 }] }, { widgets: [{ a: 1 }, { a: 3 }] }, ['widgets[1].a']],
    ['a number from its text', { a: 1 }, { a: '1' }, ['a']],
    ['a list that is none', { a: [1] }, { a: 'x' }, ['a']],
    ['an object that is none', { a: { b: 1 } }, { a: 'x' }, ['a.b']],
  ])('is %s', (_what, wanted, found, paths) => {
    expect(differences(wanted, found).map(({ path }) => path)).toEqual(paths);
  });
});
