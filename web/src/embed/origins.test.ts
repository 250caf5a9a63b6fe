import { describe, expect, it } from 'vitest';
import { isAllowed } from './origins';

const list = ['https://school.example', 'https://*.lms.example', 'http://localhost:5000'];

describe('isAllowed', () => {
  it.each(['https://school.example', 'https://a.lms.example', 'https://a.b.lms.example', 'http://localhost:5000', 'https://localhost:5000'])(
    'lets %s in',
    (origin) => expect(isAllowed(origin, list)).toBe(true),
  );

  it.each([
    'http://school.example',
    'https://school.example:8443',
    'https://sub.school.example',
    'https://school.example.evil.example',
    'https://evilschool.example',
    'https://lms.example',
    'https://evil-lms.example',
    'http://localhost:5001',
    'null',
    '',
    'https://school.example/',
    'https://school.example@evil.example',
  ])('keeps %s out', (origin) => expect(isAllowed(origin, list)).toBe(false));
});
