// The compiler in the browser (JIT), so that this needs no toolchain of Angular's; `ng build` compiles beforehand.
import '@angular/compiler'
import { provideZonelessChangeDetection } from '@angular/core'
import { bootstrapApplication } from '@angular/platform-browser'
import { Login } from './login.ts'

const host = document.createElement('app-login')
document.querySelector('#root')?.append(host)
bootstrapApplication(Login, { providers: [provideZonelessChangeDetection()] })
